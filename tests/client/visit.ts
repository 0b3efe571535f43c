// What a frontend does on its first page, for tests/e2e/test_client.py: takes a JSON object as its
// argument, prints another.

import { connect, expect, type Schemas } from "./client.js";

declare const process: { argv: string[]; stdout: { write(text: string): void } };

interface Visit {
  url: string;
  address: string;
  chain_id: number;
  token_id: string;
  platform_token: string;
}

const ETH = "0x0000000000000000000000000000000000000000";
const visit: Visit = JSON.parse(process.argv[2] ?? "{}");
const api = connect(visit.url);

const challenge = expect(
  await api.POST("/auth/siwe/challenge", {
    body: { address: visit.address, chain_id: visit.chain_id },
  }),
);

const names: string[] = [];
let page: string | undefined;
do {
  const query = page === undefined ? { limit: 2 } : { limit: 2, page };
  const events = expect(await api.GET("/events", { params: { query } }));
  names.push(...events.items.map((event) => event.name));
  page = events.next_page ?? undefined;
} while (page !== undefined);

const ticket: Schemas["TicketDetail"] = expect(
  await api.GET("/tickets/{token_id}", { params: { path: { token_id: visit.token_id } } }),
);

const quote: Schemas["QuoteAnswer"] = expect(
  await api.GET("/swap/quote", {
    params: {
      query: { in_token: ETH, out_token: visit.platform_token, amount: "1000000000000000000" },
    },
  }),
);

const zh = connect(visit.url, "zh");
const refused = await zh.GET("/tickets/{token_id}", { params: { path: { token_id: "999999" } } });
const refusal: string | undefined = refused.error?.message;

// The compiler knows the API: each of these would be a mistake.
export function mistakes(): void {
  // @ts-expect-error there is no such route
  void api.GET("/event");
  // @ts-expect-error a path needs its parameter
  void api.GET("/tickets/{token_id}", {});
  // @ts-expect-error ids are strings
  void api.GET("/tickets/{token_id}", { params: { path: { token_id: 7 } } });
  // @ts-expect-error no such status
  void api.GET("/events", { params: { query: { status: "sold" } } });
  // @ts-expect-error an amount is not a number
  const amount: number = quote.amount_out;
  void amount;
}

process.stdout.write(
  JSON.stringify({ challenge, names, ticket, quote, refusal, status: refused.response.status }),
);
