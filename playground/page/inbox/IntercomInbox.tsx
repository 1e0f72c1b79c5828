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

/**
 * Our card, asked for when the conversation is opened, as Intercom does. Intercom asks again when the teammate comes
 * back to it; here also when something happened, unless they are in the middle of one of the card's flows.
 */
function useCard(conversationId: string, mark: string) {
  const [canvas, setCanvas] = useState<Canvas>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const inFlow = useRef(false);
  const latest = useRef(0);

  const ask = useCallback(async (request: () => Promise<{ canvas: Canvas }>) => {
    latest.current += 1;
    const mine = latest.current;
    setBusy(true);
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
    inFlow.current = false;
    return ask(() => act('intercom.card.open', { conversationId }));
  }, [ask, conversationId]);

  // `mark` is what tells that something happened.
  useEffect(() => {
    if (inFlow.current) return;
    const timer = setTimeout(() => void open(), 150);
    return () => clearTimeout(timer);
  }, [open, mark]);

  const submit = (componentId: string, inputValues: Record<string, string | string[]>) => {
    if (!canvas) return;
    inFlow.current = true;
    void ask(() => act('intercom.card.submit', { conversationId, componentId, inputValues, canvas }));
  };
  return { canvas, busy, problem, open, submit };
}
