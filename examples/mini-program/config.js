module.exports = {
  backendUrl: 'http://localhost:3000', // 上传后端；正式环境是已备案的 https 域名，与 serverUrl 一起填入 request 合法域名
  serverUrl: 'http://localhost:4000', // 你的业务后端，即 examples/express
};
