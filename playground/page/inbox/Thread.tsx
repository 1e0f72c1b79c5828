import type { InboxConversation, InboxPart } from '../api.ts';
import { Avatar } from '../parts/Avatar.tsx';
import { Files } from '../parts/files.tsx';
import { clockTime, shortTime } from '../parts/time.ts';
import { useStick } from '../parts/useStick.ts';

interface ListProps {
  conversations: InboxConversation[];
  selected: string | undefined;
  onSelect(id: string): void;
}

const excerpt = (part: InboxPart | undefined): string => {
  if (!part) return '';
  const words = part.text || part.files.map((file) => file.name).join(', ');
  return part.author.kind === 'customer' ? words : `${part.author.name}: ${words}`;
};

/** The inbox's list of conversations, newest first. */
export function ConversationList({ conversations, selected, onSelect }: ListProps) {
  return (
    <nav className="conversations" aria-label="Conversations">
      {conversations.length === 0 && (
        <p className="nothing">
          <strong>All quiet</strong>
          When the customer writes on the phone, the conversation appears here.
        </p>
      )}
      {conversations.map((conversation) => (
        <button
          key={conversation.id}
          type="button"
          className={conversation.unread ? 'conversation unread' : 'conversation'}
          aria-current={conversation.id === selected}
          onClick={() => onSelect(conversation.id)}
          data-testid="conversation"
          data-id={conversation.id}
        >
          <Avatar name={conversation.contact.name} />
          <span className="conversation-body">
            <span className="conversation-top">
              <strong title={conversation.contact.name}>{conversation.contact.name}</strong>
              <time dateTime={new Date(conversation.updatedAt).toISOString()}>
                {shortTime(conversation.updatedAt)}
              </time>
            </span>
            <span className="conversation-excerpt">{excerpt(conversation.parts.at(-1))}</span>
            {(conversation.channel || conversation.state !== 'open') && (
              <span className="conversation-tags">
                {conversation.channel && <span className="mini-tag">{conversation.channel}</span>}
                {conversation.state !== 'open' && <span className="mini-tag">{conversation.state}</span>}
              </span>
            )}
          </span>
        </button>
      ))}
    </nav>
  );
}

/** One conversation as the agent reads it. */
export function Thread({ conversation }: { conversation: InboxConversation }) {
  const list = useStick<HTMLDivElement>(`${conversation.id}/${conversation.parts.length}`);
  return (
    <div
      ref={list}
      className="thread"
      role="log"
      aria-label={`Conversation with ${conversation.contact.name}`}
    >
      {conversation.parts.map((part) => (
        <Part key={part.id} part={part} />
      ))}
    </div>
  );
}

const STATUS = { sending: 'Sending', sent: 'Sent', read: 'Read', failed: 'Failed' } as const;

function Part({ part }: { part: InboxPart }) {
  if (part.kind === 'event')
    return (
      <p className="part-event" data-testid="inbox-event">
        {part.text} · {clockTime(part.at)}
      </p>
    );
  const side = part.author.kind === 'customer' ? 'theirs' : 'ours';
  return (
    <article
      className={`part ${side} ${part.kind}`}
      data-testid="inbox-message"
      data-kind={part.kind}
      data-side={side}
    >
      <Avatar name={part.author.name} small={true} />
      <div className="part-body">
        <header>
          <strong title={part.author.name}>{part.author.name}</strong>
          {part.kind === 'note' && <span className="mini-tag">Internal note</span>}
          <time dateTime={new Date(part.at).toISOString()}>{clockTime(part.at)}</time>
        </header>
        {part.text && <div className="part-text">{part.text}</div>}
        <Files files={part.files} />
        {part.status && (
          <p className={`part-status ${part.status}`} data-testid="inbox-status">
            {STATUS[part.status]}
            {part.reason && `: ${part.reason}`}
          </p>
        )}
      </div>
    </article>
  );
}
