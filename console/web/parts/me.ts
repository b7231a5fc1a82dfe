import { useQuery } from "@tanstack/react-query";
import { type Action, allows } from "../../shared/actions";
import { call } from "../api";

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => call("GET /me", { signal }),
    refetchInterval: ({ state }) => (state.error === null ? false : 3_000),
  });
}

/** Whether the reader may do something: in a namespace, or in all of them. */
export function useMay(): (action: Action, namespace?: string) => boolean {
  const { data } = useMe();
  return (action, namespace) =>
    data !== undefined &&
    allows(data.roles, data.grants, action, namespace === undefined ? "everywhere" : { namespace });
}
