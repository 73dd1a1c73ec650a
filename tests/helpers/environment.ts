// The AWS SDK warns on every process that Node 20 will be dropped; the pinned releases support it.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
