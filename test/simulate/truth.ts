/** What really happened, as nobody inside the simulation can see it whole: the verdict compares the ledger with it. */

/** A message as its author sent it. */
export interface Written {
  id: string;
  direction: 'in' | 'out';
  /** The channel or platform it was written on, and the conversation there. */
  party: string;
  thread: string;
  text: string;
  /** The content of a file. */
  file?: string;
  /** By its author's clock. */
  at: number;
  /** Among those of one conversation; undefined where the source gives no order. */
  seq?: number;
}

/** A write of ours that the other side took. */
export interface Accepted {
  /** The other side's id. */
  id: string;
  party: string;
  kind: 'message' | 'note' | 'status';
  /** The other side's conversation. */
  thread: string;
  text: string;
  files: string[];
  /** Which of our deliveries it was: hidden from the other side's own logic. */
  delivery: string;
  /** For notes and statuses: what was told. */
  status?: string;
  /** How many were accepted before it, by anybody. */
  order: number;
  at: number;
  /** The other side could not deliver it, and says so. */
  failed?: boolean;
}

export interface Truth {
  written: Map<string, Written>;
  accepted: Accepted[];
  contacts: { party: string; id: string; value: string }[];
  conversations: { party: string; id: string; channel: string; customer: string }[];
  write(message: Written): void;
  accept(write: Omit<Accepted, 'order'>): void;
}

export function createTruth(): Truth {
  const truth: Truth = {
    written: new Map(),
    accepted: [],
    contacts: [],
    conversations: [],
    write: (message) => void truth.written.set(message.id, message),
    accept: (write) => void truth.accepted.push({ ...write, order: truth.accepted.length }),
  };
  return truth;
}
