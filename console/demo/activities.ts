export async function charge(order: string, cents: number): Promise<string> {
  return `charged ${cents} cents for ${order}`;
}

export async function pack(order: string): Promise<string> {
  return `packed ${order}`;
}

export async function send(order: string): Promise<string> {
  return `sent ${order}`;
}
