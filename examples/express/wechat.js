const { WECHAT_APP_ID: appid, WECHAT_APP_SECRET: secret, WECHAT_API = 'https://api.weixin.qq.com' } = process.env;

/** The openid of the user who got `code` from `wx.login`, undefined if WeChat refuses it. Each code works once. */
export async function getOpenId(code) {
  const query = new URLSearchParams({ appid, secret, js_code: code, grant_type: 'authorization_code' });
  const response = await fetch(`${WECHAT_API}/sns/jscode2session?${query}`);
  const { openid, errcode, errmsg } = await response.json(); // session_key stays on the server
  if (openid === undefined) console.error('jscode2session:', errcode, errmsg);
  return openid;
}
