import type { Listing } from "../../shared/json";
import { pageToken } from "./payloads";

/** What a request for a page says. */
interface PageCall {
  query: { pageSize: number; next?: string };
}

interface PageRequest {
  pageSize: number;
  nextPageToken: string | undefined;
}

/** Gets a page of a list; what it returns takes the rows out of the answer. */
export function listing<Answer extends { nextPageToken?: string }>(
  { query }: PageCall,
  get: (page: PageRequest) => Promise<Answer>,
): <Row>(rows: (answer: Answer) => Row[] | undefined) => Promise<Listing<Row>> {
  return async (rows) => {
    const answer = await get({ pageSize: query.pageSize, nextPageToken: pageToken(query.next) });
    const list = rows(answer) ?? [];
    return answer.nextPageToken ? { rows: list, next: answer.nextPageToken } : { rows: list };
  };
}
