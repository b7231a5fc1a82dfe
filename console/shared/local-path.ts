/** The page of the console that somebody wanted before the login: a path, whatever a link has there; else `/`. */
export function localPath(to: string | null | undefined): string {
  const anyOrigin = "http://console.invalid";
  const url = to?.startsWith("/") ? URL.parse(to, anyOrigin) : null;
  if (url?.origin !== anyOrigin || url.pathname === "/login") return "/";
  // `/.//example.com` is a path here; what is left of it, `//example.com`, is another site's address.
  return url.pathname.startsWith("//") ? "/" : url.pathname + url.search;
}
