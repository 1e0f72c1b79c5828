import {
  Alert,
  DescriptionList,
  DescriptionListItem,
  Flex,
  Heading,
  Link,
  StatusTag,
  Text,
} from '@hubspot/ui-extensions';
import { type ConversationCard, connectionStatus, replyWindow } from '@octopods/card-view';
import { History } from './History.tsx';
import { Troubles } from './Troubles.tsx';

/** What every part of the card needs to know of where it stands. */
export interface Surroundings {
  locale: string | undefined;
  /** A record's tab has room for a column per fact; the sidebar has not. */
  wide: boolean;
  /** When the view was read, ms: windows are counted from here. */
  now: number;
  resend(messageId: string): Promise<void>;
}

interface ChannelProps {
  card: ConversationCard;
  surroundings: Surroundings;
  /** Its place on the card: only the first section may carry the card's one primary button. */
  index: number;
}

/** One channel: what connects it, what needs the agent, and what was said. */
export function Channel({ card, surroundings, index }: ChannelProps) {
  const connection = connectionStatus(card.channel.status);
  return (
    <Flex direction="column" gap="md" testId={`channel-${index}`}>
      <Flex direction="row" justify="between" align="center" gap="sm" wrap={true}>
        <Heading>{card.channel.title}</Heading>
        <StatusTag variant={connection.tone} testId={`connection-${index}`}>
          {connection.text}
        </StatusTag>
      </Flex>
      <ConnectionTrouble card={card} />
      <Troubles messages={card.messages} surroundings={surroundings} primary={index === 0} />
      <Facts card={card} surroundings={surroundings} index={index} />
      <History messages={card.messages} surroundings={surroundings} />
      <Link href={{ url: card.consoleUrl, external: true }}>Channel settings in Octopods</Link>
    </Flex>
  );
}

function ConnectionTrouble({ card: { channel, consoleUrl } }: { card: ConversationCard }) {
  if (channel.status === 'connected') return null;
  const quiet = channel.status === 'pending' || channel.status === 'archived';
  const titles = {
    pending: `${channel.title} is almost ready`,
    offline: `Nothing is heard from ${channel.title}`,
    disconnected: `${channel.title} is disconnected: replies wait until it is connected again`,
    archived: `${channel.title} was archived: replies are not sent`,
  };
  return (
    <Alert
      title={titles[channel.status]}
      variant={quiet ? 'info' : channel.status === 'offline' ? 'warning' : 'danger'}
    >
      {channel.reason ? `${channel.reason} ` : ''}
      <Link href={{ url: consoleUrl, external: true }}>Open the channel</Link>
    </Alert>
  );
}

function Facts({ card, surroundings, index }: ChannelProps) {
  const { customer, channel } = card;
  const window = card.window && replyWindow(card.window.closesAt, surroundings.now, surroundings.locale);
  return (
    <DescriptionList direction={surroundings.wide ? 'row' : 'column'}>
      {customer.name && (
        <DescriptionListItem label="Customer">
          <Text truncate={{ tooltipText: customer.name }}>{customer.name}</Text>
        </DescriptionListItem>
      )}
      <DescriptionListItem label="Customer's address">
        <Text testId={`customer-address-${index}`}>{customer.address}</Text>
      </DescriptionListItem>
      <DescriptionListItem label="Our channel">
        <Text truncate={{ tooltipText: channel.name }}>{channel.name}</Text>
        {!channel.name.includes(channel.address) && <Text variant="microcopy">{channel.address}</Text>}
      </DescriptionListItem>
      {window && (
        <DescriptionListItem label="Reply window">
          <StatusTag variant={window.tone} testId={`reply-window-${index}`}>
            {window.text}
          </StatusTag>
        </DescriptionListItem>
      )}
    </DescriptionList>
  );
}
