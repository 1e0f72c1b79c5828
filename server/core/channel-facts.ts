/** What platforms know and ask of a channel. */
/** A channel as the platform needs to know it. */
export interface ChannelFacts {
  id: string;
  type: string;
  title: string;
  name: string;
  externalId: string;
  /** What makes two channels the same, whichever adapter: `telegram`, `whatsapp`, `sms`. */
  medium: string;
  settings: Record<string, unknown>;
}

/** Something that the admin has to choose for every channel of a workspace: its inbox. */
export interface ChannelChoice {
  /** The setting's name; the chosen option's value becomes the channel's setting. */
  name: string;
  title: string;
  description: string;
  options: { value: string; label: string }[];
}
