/** What each person has set for themselves in this browser. */

import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const defaults = { zone: "local", theme: "auto" };
type Preference = keyof typeof defaults;

function read(name: Preference): string {
  return localStorage.getItem(`console.${name}`) ?? defaults[name];
}

export function setPreference(name: Preference, value: string): void {
  localStorage.setItem(`console.${name}`, value);
  for (const listener of listeners) listener();
}

export function usePreference(name: Preference): string {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => read(name),
  );
}
