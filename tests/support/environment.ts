// The AWS SDK warns on every process that Node 20 will be dropped; the pinned releases support it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

// What the tests start is on this machine, and has its own credentials: no proxy and no profile of the developer is for it.
for (const name of Object.keys(process.env)) {
  if (/^(https?_proxy|no_proxy|proxy|AWS_PROFILE|AWS_DEFAULT_PROFILE|AWS_DEV_.*|AWS_PROD_.*)$/i.test(name)) {
    Reflect.deleteProperty(process.env, name);
  }
}
