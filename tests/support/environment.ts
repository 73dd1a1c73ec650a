// The AWS SDK warns on every process that Node 20 will be dropped; the pinned releases support it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

// The tests start local services with their own credentials, so they ignore the developer's proxies and AWS profiles.
for (const name of Object.keys(process.env)) {
  if (/^(https?_proxy|no_proxy|proxy|AWS_PROFILE|AWS_DEFAULT_PROFILE|AWS_DEV_.*|AWS_PROD_.*)$/i.test(name)) {
    Reflect.deleteProperty(process.env, name);
  }
}
