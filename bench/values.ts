/** Secrets and names that the variants get; none of them is valid anywhere else. */
export const TOKEN = 'an-example-callback-token';
export const SEAL_KEY = '0f'.repeat(32);
export const VOD_KEY = {
  secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
};
export const CALLER = 'user-42';
export const NOTIFY_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
export const PLAYER_KEY = 'an-example-player-key';
export const URL_KEY = 'anExampleUrlKey';
