// A typed client of the API: `schema.d.ts` is generated from openapi.json, and openapi-fetch turns
// it into calls whose paths, parameters, bodies and answers the compiler knows.

import createClient, { type Client } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type Api = Client<paths>;
export type Schemas = components["schemas"];

/** `url` ends in /v1; `accessToken` is what POST /auth/siwe/verify gave. */
export function connect(url: string, language: "en" | "zh" = "en", accessToken?: string): Api {
  const headers: Record<string, string> = { "accept-language": language };
  if (accessToken !== undefined) headers["authorization"] = `Bearer ${accessToken}`;
  return createClient<paths>({ baseUrl: url, headers });
}

/** The answer, or an exception that carries the error's code. */
export function expect<Answer>(result: { data?: Answer; error?: unknown }): Answer {
  if (result.data === undefined) throw new Refused(result.error as Schemas["Error"]);
  return result.data;
}

export class Refused extends Error {
  constructor(readonly answer: Schemas["Error"]) {
    super(`${answer.error_code}: ${answer.message}`);
  }
}
