import type { Action, Grant } from "../actions";
import { answers, route } from "../route";

/** Who is logged in, and what they may do. */
export interface Me {
  subject: string;
  name?: string;
  via: "none" | "session" | "token";
  grants: Grant[];
  /** The actions of each role that the grants name. */
  roles: Record<string, readonly Action[]>;
  /** The namespace that the console was started with. */
  namespace: string;
  /** Whether there is a way to log out. */
  canLogOut: boolean;
}

export const sessionRoutes = {
  "GET /me": route({ action: "self.read", place: "somewhere", summary: "Who is logged in", answer: answers<Me>() }),
} as const;

export type SessionRouteKey = keyof typeof sessionRoutes;
