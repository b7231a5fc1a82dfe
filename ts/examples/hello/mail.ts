/** What the Workflow `welcome` asks of the mail service. */
export interface Mail {
  sendMail(to: string, text: string): Promise<void>;
}
