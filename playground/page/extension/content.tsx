import type { ReactNode } from 'react';

interface Common {
  children?: ReactNode;
  testId?: string;
}

interface TextProps extends Common {
  variant?: 'bodytext' | 'microcopy';
  inline?: boolean;
  format?: { fontWeight?: string; italic?: boolean; lineDecoration?: string; textTransform?: string };
  truncate?: boolean | { maxWidth?: number; tooltipText?: string };
}

const WEIGHTS: Record<string, number> = { bold: 700, demibold: 600 };
const LINES: Record<string, string> = { underline: 'underline', strikethrough: 'line-through' };

function Text({ children, testId, variant, inline, format, truncate }: TextProps) {
  const Tag = inline ? 'span' : 'div';
  const options = typeof truncate === 'object' ? truncate : {};
  return (
    <Tag
      className={['hx-text', variant === 'microcopy' && 'hx-micro', truncate && 'hx-truncate']
        .filter(Boolean)
        .join(' ')}
      style={{
        fontWeight: WEIGHTS[format?.fontWeight ?? ''],
        fontStyle: format?.italic ? 'italic' : undefined,
        textDecoration: LINES[format?.lineDecoration ?? ''],
        maxWidth: options.maxWidth,
      }}
      title={options.tooltipText}
      data-testid={testId}
    >
      {children}
    </Tag>
  );
}

function Heading({ children, testId, inline }: Common & { inline?: boolean }) {
  return (
    <h4 className={inline ? 'hx-heading hx-inline' : 'hx-heading'} data-testid={testId}>
      {children}
    </h4>
  );
}

type Href = string | { url: string; external?: boolean };

function Link({ children, testId, href }: Common & { href: Href }) {
  const { url, external } = typeof href === 'string' ? { url: href, external: true } : href;
  return (
    <a
      className="hx-link"
      href={url}
      data-testid={testId}
      {...(external ? { target: '_blank', rel: 'noreferrer' } : {})}
    >
      {children}
      {external && <span aria-hidden="true"> ↗</span>}
    </a>
  );
}

interface TagProps extends Common {
  variant?: string;
  hollow?: boolean;
}

const StatusTag = ({ children, testId, variant = 'default', hollow }: TagProps) => (
  <span className={`hx-status hx-${variant}`} data-testid={testId}>
    <span className={hollow ? 'hx-dot hx-hollow' : 'hx-dot'} aria-hidden="true" />
    {children}
  </span>
);

const Tag = ({ children, testId, variant = 'default' }: TagProps) => (
  <span className={`hx-tag hx-${variant}`} data-testid={testId}>
    {children}
  </span>
);

interface ImageProps {
  src: string;
  alt?: string;
  width?: number;
  height?: number;
}
const Image = ({ src, alt = '', width, height }: ImageProps) => (
  <img className="hx-image" src={src} alt={alt} width={width} height={height} />
);

const List = ({ children, testId }: Common) => (
  <ul className="hx-list" data-testid={testId}>
    {children}
  </ul>
);

const Tooltip = ({ children }: Common) => <span role="tooltip">{children}</span>;

function DescriptionList({
  children,
  testId,
  direction = 'column',
}: Common & { direction?: 'row' | 'column' }) {
  return (
    <dl className={`hx-facts hx-facts-${direction}`} data-testid={testId}>
      {children}
    </dl>
  );
}
const DescriptionListItem = ({ children, testId, label }: Common & { label: string }) => (
  <div className="hx-fact" data-testid={testId}>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </div>
);

export const content = {
  Text,
  Heading,
  Link,
  StatusTag,
  Tag,
  Image,
  List,
  Tooltip,
  DescriptionList,
  DescriptionListItem,
};
