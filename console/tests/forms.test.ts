/** The forms of the web: what a person fills in is what the route takes. */

import { expect, test } from "bun:test";
import type { z } from "zod";
import { type RouteKey, routes } from "../shared/routes";
import { resources } from "../web/pages/resources";
import { acts, always, ask } from "../web/pages/run/acts";
import { batchActs, startAct } from "../web/pages/workflows-acts";
import { type Act, bodyOf, type Field } from "../web/parts/action";

/** A text that a person could give. */
function given({ name, kind, choices, initial }: Field): string {
  if (initial) return initial;
  if (kind === "choice") return choices![0]!;
  if (kind === "number") return "5";
  if (kind === "inputs") return '{"n": 1}\n"two"';
  if (kind === "lines") return "0 3 * * *";
  if (kind === "check") return "on";
  if (kind === "json") return name.endsWith("intervals") ? '[{"every": "1h"}]' : '{"a": 1}';
  if (/timeout|retention|lifetime|delay/i.test(name)) return "30s";
  if (name === "from" || name === "to") return "2026-01-31T12:00:00Z";
  return "text";
}

const all: Act[] = [startAct, ask, ...acts, ...always, ...batchActs];
for (const { create = [], acts: own = [] } of Object.values(resources)) all.push(...create, ...own);

test.each(all.map((act) => [`${act.key} ${act.label}`, act] as const))(
  "%s",
  (_, { key, fields = [], body = {}, label }) => {
    if (key.startsWith("GET ")) return;
    const schema = (routes as Record<RouteKey, { body?: z.ZodObject }>)[key].body;
    const form = (named: readonly Field[]) => {
      const data = new FormData();
      for (const field of named) data.set(field.name, given(field));
      // What the page knows by itself.
      const known = key.includes("/nexus/endpoints/:id") ? { version: "1" } : {};
      return bodyOf(fields, data, { ...body, ...known });
    };
    const isEither = label === "Give a role";
    for (const filled of [
      fields,
      fields.filter(({ isNeeded, kind, name }) => isNeeded || kind === "choice" || (isEither && name === "group")),
    ])
      if (schema === undefined) expect(form(filled)).toEqual({});
      else schema.strict().parse(form(filled));
  },
);
