import { EmptyState, ErrorState, Link, Text } from '@hubspot/ui-extensions';
import type { EmptyCard } from '@octopods/card-view';

/** Nobody has written yet: what would have to happen for this card to fill. */
export function NothingYet() {
  return (
    <EmptyState title="No conversations yet" layout="vertical" imageWidth={120} testId="empty">
      <Text>
        When this contact writes on a connected channel, or you write to them from the inbox, the messages and
        what became of them appear here.
      </Text>
    </EmptyState>
  );
}

/** The cards that have no conversation to show: what is so, what to do, and where. */
export function Notice({ card }: { card: EmptyCard }) {
  const content = (
    <>
      <Text>{card.advice}</Text>
      {card.consoleUrl && <Link href={{ url: card.consoleUrl, external: true }}>Open Octopods</Link>}
    </>
  );
  if (card.kind === 'not_bridged')
    return (
      <EmptyState
        title={card.title}
        layout="vertical"
        imageName="integrations"
        imageWidth={120}
        testId="not-bridged"
      >
        {content}
      </EmptyState>
    );
  return (
    <ErrorState title={card.title} type={card.kind === 'disconnected' ? 'lock' : 'error'} testId={card.kind}>
      {content}
    </ErrorState>
  );
}
