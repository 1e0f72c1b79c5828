import { Button, Flex, Heading, LoadingButton, StatusTag, Text, Tile } from '@hubspot/ui-extensions';
import { type CardMessage, messageStatus, moment, troubled } from '@octopods/card-view';
import { useState } from 'react';
import type { Surroundings } from './Channel.tsx';

/** More than these push the conversation itself out of sight. */
const SHOWN_AT_FIRST = 3;

interface TroublesProps {
  messages: CardMessage[];
  surroundings: Surroundings;
  /** Whether the first Resend is the card's one primary button. */
  primary: boolean;
}

/** What did not reach the customer, or perhaps did not: first on the card, with the reason and the next step. */
export function Troubles({ messages, surroundings, primary }: TroublesProps) {
  const [all, setAll] = useState(false);
  const troubles = troubled(messages);
  if (troubles.length === 0) return null;
  const shown = all ? troubles : troubles.slice(0, SHOWN_AT_FIRST);
  const firstButton = shown.find((message) => message.canResend)?.id;
  return (
    <Flex direction="column" gap="xs">
      <Heading inline={true}>{`Needs your attention (${troubles.length})`}</Heading>
      {shown.map((message) => (
        <Trouble
          key={message.id}
          message={message}
          surroundings={surroundings}
          primary={primary && message.id === firstButton}
        />
      ))}
      {shown.length < troubles.length && (
        <Button variant="transparent" size="xs" onClick={() => setAll(true)}>
          {`Show all ${troubles.length}`}
        </Button>
      )}
    </Flex>
  );
}

interface TroubleProps {
  message: CardMessage;
  surroundings: Surroundings;
  primary: boolean;
}

function Trouble({ message, surroundings, primary }: TroubleProps) {
  const [sending, setSending] = useState(false);
  const status = messageStatus(message);
  const resend = async () => {
    setSending(true);
    await surroundings.resend(message.id);
    setSending(false);
  };
  return (
    <Tile compact={true} testId={`trouble-${message.id}`}>
      <Flex direction="column" gap="xs">
        <Flex direction="row" justify="between" align="center" gap="xs" wrap={true}>
          <StatusTag variant={status.tone}>{status.text}</StatusTag>
          <Text variant="microcopy">{moment(message.at, surroundings.locale)}</Text>
        </Flex>
        <Text format={{ italic: message.excerpt === '' }}>{message.excerpt || 'The content was erased'}</Text>
        {message.reason && <Text variant="microcopy">{message.reason}</Text>}
        {message.canResend && (
          <LoadingButton
            variant={primary ? 'primary' : 'secondary'}
            size="xs"
            loading={sending}
            onClick={() => void resend()}
            testId={`resend-${message.id}`}
          >
            {message.status === 'unknown' ? 'Resend anyway' : 'Resend'}
          </LoadingButton>
        )}
      </Flex>
    </Tile>
  );
}
