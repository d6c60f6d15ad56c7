import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Where the facts of these brokers were found. A page of the README that loses one loses the way back to what it says, so
 * that each has to be named in a row or a note; what is found later is added here as well.
 */
const sources: Readonly<Record<string, readonly string[]>> = {
  ig: [
    ...['session', 'session-refresh-token', 'session-encryption-key'].map(
      (page) => `/reference/${page}.html`,
    ),
    ...['/rest-trading-api-guide.html', '/faq', '/loginrestrictions', '/getting-started.html'],
    ...['/rest-api-guide-example-requests', '/rest-trading-api-reference/service-detail?id=675'],
    'net-labs.ig.com `/streaming-api-guide.html`',
    ...['ig-webapi-java-sample', 'ig-webapi-dotnet-sample', 'ig-webapi-javascript-sample#3'],
    ...['ig-python/trading-ig', 'bennycode/ig-trading-api', 'gfiocco/node-ig-api', 'wagerfield/ig-api'],
    ...['rviney/ig_markets', 'tibs245/trading-ig-rust', 'evgesha9400/ig-trading-lib'],
    'joaquinbejar/ig-client#91',
    // Issues of ig-python/trading-ig.
    ...[
      66, 82, 84, 100, 101, 108, 157, 182, 202, 203, 207, 220, 225, 246, 249, 268, 309, 314, 315, 332, 338,
    ].map((issue) => `#${issue}`),
    ...['#346', '#348'],
  ],
  upstox: [
    ...[
      'authorize',
      'authentication',
      'get-token',
      'error-codes',
      'response-structure',
      'get-profile',
      'logout',
    ],
    ...['access-token-request', 'announcements/access-token-flow', 'appendix/notifier-webhook-endpoint'],
    ...['announcements/webhook-url-security-policy', 'announcements/extended-tokens-all-apps'],
    ...['announcements/algo-trading-circular', 'update-app-static-ips', 'rate-limiting'],
  ]
    .map((page) => `docs/${page}`)
    .concat(
      ['13377', '15600', '15635', '17201', '17290'],
      ['upstox/upstox-python#76', 'upstox/upstox-python#158', 'upstox/upstox-nodejs#41'],
      ['upstox/upstox-skills', 'batpool/upstox-totp', 'Indian-Algorithmic-Trading-Community/Upstox#2'],
      ['api-evangelist/upstox', 'asyncapi/upstox-webhooks.yml', 'api.upstox.com/v2/api-docs'],
      ['upstox.com/market-talk/developer-api-v2', 'NSE/INVG/67858', 'upstox-js-sdk 2.31.0'],
    ),
  tradovate: [
    'partner.tradovate.com/api/rest-api-endpoints/authentication/access-token-request',
    'partner.tradovate.com/api/rest-api-endpoints/authentication/renew-access-token',
    'partner.tradovate.com/overview/core-concepts/rate-limits',
    'partner.tradovate.com/overview/core-concepts/error-handling',
    'partner.tradovate.com/overview/core-concepts/penalty-tickets',
    'partner.tradovate.com/overview/conformance-testing/stage-1-authentication',
    'partner.tradovate.com/overview/quick-setup/5-minute-quickstart',
    'partner.ninjatrader.com/resources/reference/environments',
    'partner.ninjatrader.com/resources/reference/api-cheat-sheet',
    ...['/api', '/eval/api', '/nt-connect/api'].map((below) => `\`${below}\``),
    ...[11, 15, 16, 25, 29, 50].map((issue) => `[issues] ${issue}`),
    'community.tradovate.com/t/401-error-in-live-mode/4210',
    'community.tradovate.com/t/understanding-tradovates-time-penalty-mechanism/2121',
    'github.com/tradovate/example-api-js',
    'EX-3-Time-Penalty',
    'github.com/tradovate/example-api-faq',
    'github.com/tradingview/rest_integrations_docs',
    ...['trading/Authentication.rst', 'FAQ.rst', 'data/Authentication.rst', 'data_tests/auth*.rst'],
    'www.tradingview.com/broker-api-docs',
    'github.com/cgilly2fast/tradovate-typescript',
    'AnthonyHewins/tradovate',
    'Lumiwealth/lumibot',
    ...['TradovatePy', 'Tradovate-Python-Client', 'alexanimal/tradovate-mcp-server'],
  ],
};

describe.each(Object.entries(sources))('the sources of %s', (broker, named) => {
  const readme = readFileSync(join(import.meta.dirname, '../../../src/brokers', broker, 'README.md'), 'utf8');

  it('are named in its README', () => {
    // A link that stands in the list of links may be of use nowhere.
    expect(named.filter((source) => !readme.includes(source))).toEqual([]);
  });

  it('that have a link are referred to by a row or a note', () => {
    const links = [...readme.matchAll(/^\[([^\]]+)\]: /gm)].flatMap(([, name]) => name ?? []);
    const unused = links.filter((name) => readme.split(`[${name}]`).length < 3);
    expect(unused).toEqual([]);
  });
});
