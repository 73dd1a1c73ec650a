const { createUploads } = require('@vod-client-upload/client');
const { zh } = require('@vod-client-upload/client/zh');
const sdk = require('vod-wx-sdk-v2/vod-wx-sdk-v2'); // 构建 npm 后，这个包没有 index.js，必须写出文件名
const { backendUrl, serverUrl } = require('./config');

/** 用 wx.login 的 code 向业务后端换取用户的 JWT；AppSecret 和 session_key 只留在后端。 */
async function logIn() {
  const { code } = await wx.login();
  return new Promise((resolve, reject) => {
    wx.request({
      url: `${serverUrl}/api/wechat/token`,
      method: 'POST',
      data: { code },
      success: ({ statusCode, data }) => (statusCode === 200 ? resolve(data.token) : reject(new Error(data.message))),
      fail: ({ errMsg }) => reject(new TypeError(errMsg)), // TypeError 表示网络问题，客户端会自动重试
    });
  });
}

let token;

module.exports = createUploads({
  url: backendUrl,
  async token({ refresh }) {
    if (refresh || token === undefined) token = await logIn();
    return token;
  },
  sdk,
  messages: zh,
});
