/** What the variants are given; none of it opens anything. */
export const TOKEN = 'an-example-callback-token';
export const SEAL_KEY = '0f'.repeat(32);
export const VOD_KEY = {
  secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
};
export const CALLER = 'user-42';
