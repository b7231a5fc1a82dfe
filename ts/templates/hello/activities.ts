// Activities do what touches the world outside. One that fails is tried again.

/** The greeting in a language. */
export async function greeting(language: string): Promise<string> {
  return { en: "Hello", fr: "Bonjour", de: "Hallo" }[language] ?? "Hello";
}
