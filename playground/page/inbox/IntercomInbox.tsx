import { useCallback, useEffect, useRef, useState } from 'react';
import type { Canvas, InboxConversation, IntercomInbox, LedgerRow } from '../api.ts';
import { act, wordsOf } from '../client.ts';
import { CanvasCard } from './Canvas.tsx';
import { Reply } from './Reply.tsx';
import { ConversationList, Thread } from './Thread.tsx';

interface Props {
  inbox: IntercomInbox;
  ledger: LedgerRow[];
  selected: string | undefined;
  onSelect(id: string): void;
}

/** The team's Intercom inbox: conversations, the thread with its reply box, and our card in the details. */
export function IntercomView({ inbox, ledger, selected, onSelect }: Props) {
  const conversation = inbox.conversations.find((one) => one.id === selected);
  return (
    <div className="inbox intercom">
      <ConversationList conversations={inbox.conversations} selected={conversation?.id} onSelect={onSelect} />
      {conversation ? (
        <>
          <div className="middle">
            <header className="thread-head">
              <strong title={conversation.contact.name}>{conversation.contact.name}</strong>
              <small>{inbox.workspace.name}</small>
            </header>
            <Thread conversation={conversation} />
            <Reply key={conversation.id} platform="intercom" conversation={conversation} />
          </div>
          <Details key={conversation.id} conversation={conversation} mark={markOf(conversation, ledger)} />
        </>
      ) : (
        <p className="nothing middle">Choose a conversation, or write on the phone to begin one.</p>
      )}
    </div>
  );
}

/** Changes when the card may have something new to say. */
const markOf = (conversation: InboxConversation, ledger: LedgerRow[]): string =>
  `${conversation.parts.length}/${ledger
    .filter((row) => row.platform === 'intercom')
    .map((row) => row.id + row.status)
    .join()}`;

interface DetailsProps {
  conversation: InboxConversation;
  mark: string;
}

function Details({ conversation, mark }: DetailsProps) {
  const card = useCard(conversation.id, mark);
  const { contact } = conversation;
  return (
    <aside className="details" aria-label="Conversation details">
      <section className="about">
        <h3>Details</h3>
        <dl>
          <dt>Name</dt>
          <dd>{contact.name}</dd>
          {contact.address && (
            <>
              <dt>Address</dt>
              <dd>{contact.address}</dd>
            </>
          )}
          <dt>State</dt>
          <dd>{conversation.state}</dd>
        </dl>
      </section>
      <section className="app-card" aria-label="Octopods card" data-testid="intercom-card">
        <header>
          <h3>Octopods</h3>
          <button type="button" className="quiet" onClick={() => void card.open()} data-testid="card-reload">
            Reload
          </button>
        </header>
        {card.problem && (
          <p className="card-problem" role="alert">
            {card.problem}
          </p>
        )}
        {card.canvas && <CanvasCard canvas={card.canvas} busy={card.busy} onSubmit={card.submit} />}
        {!card.canvas && !card.problem && <p className="card-loading">Loading the card…</p>}
      </section>
    </aside>
  );
}

/** Several changes at once are one question. */
const SETTLE_MS = 150;
/** What a click led to stays to be read. */
const FLOW_MS = 6_000;
const FIELDS = new Set(['input', 'textarea', 'dropdown', 'single-select', 'checkbox']);

/**
 * Our card, asked for when the conversation is opened, as Intercom does. Intercom asks again when the teammate comes
 * back to it; here also when something happened, unless they are in the middle of one of the card's flows.
 */
function useCard(conversationId: string, mark: string) {
  const [canvas, setCanvas] = useState<Canvas>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const flowEnds = useRef(0);
  /** What is being filled in is not swept away. */
  const form = useRef(false);
  form.current = canvas?.content.components.some(({ type }) => FIELDS.has(type)) ?? false;
  const latest = useRef(0);

  const ask = useCallback(async (request: () => Promise<{ canvas: Canvas }>) => {
    latest.current += 1;
    const mine = latest.current;
    try {
      const answer = await request();
      if (mine !== latest.current) return;
      setCanvas(answer.canvas);
      setProblem('');
    } catch (error) {
      if (mine === latest.current) setProblem(wordsOf(error));
    }
    if (mine === latest.current) setBusy(false);
  }, []);

  const open = useCallback(() => {
    flowEnds.current = 0;
    return ask(() => act('intercom.card.open', { conversationId }));
  }, [ask, conversationId]);

  // `mark` is what tells that something happened.
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      // A click in between has begun a flow, or went on with it.
      const left = Math.max(flowEnds.current - Date.now(), form.current ? FLOW_MS : 0);
      if (left > 0) timer = setTimeout(look, left);
      else void open();
    };
    timer = setTimeout(look, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [open, mark]);

  const submit = (componentId: string, inputValues: Record<string, string | string[]>) => {
    if (!canvas) return;
    flowEnds.current = Date.now() + FLOW_MS;
    setBusy(true);
    void ask(() => act('intercom.card.submit', { conversationId, componentId, inputValues, canvas }));
  };
  return { canvas, busy, problem, open, submit };
}
