import type { ExtensionPointApi } from '@hubspot/ui-extensions';
import {
  Alert,
  Button,
  Divider,
  ErrorState,
  Flex,
  LoadingButton,
  LoadingSpinner,
  Text,
} from '@hubspot/ui-extensions';
import { type CardView, moment } from '@octopods/card-view';
import { Fragment } from 'react';
import { backendUrl, resendMessage } from './backend.ts';
import { Channel, type Surroundings } from './Channel.tsx';
import { NothingYet, Notice } from './notices.tsx';
import { type Cards, useCards } from './useCards.ts';

type Api = ExtensionPointApi<'crm.record.tab' | 'crm.record.sidebar'>;
interface Props {
  context: Api['context'];
  addAlert: Api['actions']['addAlert'];
}

/** Everything that Octopods knows of this contact: one section per channel on which they have written. */
export function ConversationsCard({ context, addAlert }: Props) {
  const backend = backendUrl(context.variables);
  if (backend) return <Connected backend={backend} context={context} addAlert={addAlert} />;
  return (
    <ErrorState title="This build is not finished" type="support">
      <Text>The profile that it was uploaded with sets no BACKEND_URL. Ask whoever installed Octopods.</Text>
    </ErrorState>
  );
}

function Connected({ backend, context, addAlert }: Props & { backend: string }) {
  const cards = useCards(backend, context.crm);
  const surroundings: Surroundings = {
    locale: context.user.locale,
    wide: context.location === 'crm.record.tab',
    now: cards.readAt,
    resend: async (messageId) => {
      const answer = await resendMessage(backend, messageId);
      if (answer.ok) addAlert({ type: 'success', message: 'The message is on its way again.' });
      else addAlert({ type: 'danger', title: answer.problem.title, message: answer.problem.detail });
      await cards.refresh();
    },
  };
  if (cards.cards) return <Loaded cards={cards.cards} state={cards} surroundings={surroundings} />;
  if (cards.problem) return <Failed state={cards} />;
  return (
    <LoadingSpinner label="Loading the conversations" showLabel={true} layout="centered" testId="loading" />
  );
}

function Failed({ state }: { state: Cards }) {
  return (
    <ErrorState title={state.problem?.title ?? ''} testId="failed">
      <Text>{state.problem?.detail}</Text>
      <Button
        variant="primary"
        onClick={() => void state.refresh()}
        disabled={state.refreshing}
        testId="try-again"
      >
        Try again
      </Button>
    </ErrorState>
  );
}

/** A channel keeps its section (and what is unfolded in it) when another one comes before it. */
const keyOf = (card: CardView, index: number): string =>
  card.kind === 'conversation'
    ? `${card.channel.title} ${card.channel.address} ${card.customer.address}`
    : `${card.kind} ${index}`;

interface LoadedProps {
  cards: CardView[];
  state: Cards;
  surroundings: Surroundings;
}

function Loaded({ cards, state, surroundings }: LoadedProps) {
  const readAt = moment(state.readAt, surroundings.locale);
  return (
    <Flex direction="column" gap="md" testId="conversations">
      {state.problem && (
        <Alert title="This may be out of date" variant="warning" testId="stale">
          {`${state.problem.title}. Shown as of ${readAt}.`}
        </Alert>
      )}
      {cards.length === 0 && <NothingYet />}
      {cards.map((card, index) => (
        <Fragment key={keyOf(card, index)}>
          {index > 0 && <Divider />}
          {card.kind === 'conversation' ? (
            <Channel card={card} surroundings={surroundings} index={index} />
          ) : (
            <Notice card={card} />
          )}
        </Fragment>
      ))}
      <Flex direction="row" justify="between" align="center" gap="sm" wrap={true}>
        <Text variant="microcopy">{`As of ${readAt}`}</Text>
        <LoadingButton
          variant="secondary"
          size="xs"
          loading={state.refreshing}
          onClick={() => void state.refresh()}
          testId="refresh"
        >
          Refresh
        </LoadingButton>
      </Flex>
    </Flex>
  );
}
