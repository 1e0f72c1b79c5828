import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPlainText, toTelegramHtml, toWhatsApp } from '../../server/core/markup.ts';
import { parseRichText } from '../../server/core/rich-text.ts';

const plain = (html: string) => toPlainText(parseRichText(html));
const telegram = (html: string) => toTelegramHtml(parseRichText(html));
const whatsApp = (html: string) => toWhatsApp(parseRichText(html));

describe('an agent’s HTML as plain text', () => {
  it.each([
    ['paragraphs stand apart', '<p>Hi Ann,</p>\n<p>all fine.</p>', 'Hi Ann,\n\nall fine.'],
    ['Intercom’s close lines do not', '<p class="no-margin">one</p><p class="no-margin">two</p>', 'one\ntwo'],
    [
      'nor do HubSpot’s',
      '<div dir="auto"><p style="margin:0;">one</p><p style="margin:0;">two</p></div>',
      'one\ntwo',
    ],
    [
      'an empty line between close ones stays',
      '<p class="no-margin">a</p><p class="no-margin"><br></p><p class="no-margin">b</p>',
      'a\n\nb',
    ],
    ['line breaks stay', 'one<br>two<br/>three', 'one\ntwo\nthree'],
    ['entities are read', '<p>Tom &amp; Ann &lt;3&nbsp;caf&eacute;</p>', 'Tom & Ann <3 café'],
    ['blank space is as a browser shows it', '<p>  a \n\t b  </p>', 'a b'],
    ['lists keep their marks', '<ul><li>milk</li><li>eggs</li></ul>', '• milk\n• eggs'],
    ['numbers count, also from elsewhere', '<ol start="3"><li>c</li><li>d</li></ol>', '3. c\n4. d'],
    ['lists in lists are indented', '<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>', '• a\n  1. b\n• c'],
    ['items may hold paragraphs', '<ul><li><p>a</p></li><li><p>b</p></li></ul><p>c</p>', '• a\n• b\n\nc'],
    ['an empty item leaves nothing behind', '<ul><li>a</li><li></li></ul>end', '• a\n\nend'],
    ['code keeps its blanks', '<pre>if x:\n  y</pre>', 'if x:\n  y'],
    ['scripts and styles are no text', '<style>p{}</style><p>a</p><script>x()</script>', 'a'],
    ['text without tags stays', 'just words', 'just words'],
    ['unclosed tags do no harm', '<p><b>bold <i>both', 'bold both'],
  ])('%s', (_what, html, text) => {
    expect(plain(html)).toBe(text);
  });

  it('a link keeps its address unless it says it already', () => {
    expect(plain('see <a href="https://a.example/x?a=1&amp;b=2">the page</a>.')).toBe(
      'see the page (https://a.example/x?a=1&b=2).',
    );
    expect(plain('<a href="https://a.example/">a.example</a>')).toBe('a.example');
    expect(plain('<a href="mailto:ann@a.example">write</a>')).toBe('write (ann@a.example)');
    expect(plain('<a href="javascript:alert(1)">click</a>')).toBe('click');
  });
});

describe('for Telegram', () => {
  it('writes its tags and escapes everything else', () => {
    expect(telegram('<p><b>a &lt; b</b> <em>c</em> <u>d</u> <s>e</s> <code>x &amp; y</code></p>')).toBe(
      '<b>a &lt; b</b> <i>c</i> <u>d</u> <s>e</s> <code>x &amp; y</code>',
    );
  });

  it('keeps web links as links and spells out the others', () => {
    expect(telegram('<a href="https://a.example/?q=&quot;x&quot;&amp;r=1">go</a>')).toBe(
      '<a href="https://a.example/?q=&quot;x&quot;&amp;r=1">go</a>',
    );
    expect(telegram('<a href="tel:+15550001111">call</a>')).toBe('call (+15550001111)');
  });

  it('nests styles, quotes and code blocks', () => {
    expect(telegram('<p><b>one <i>two</i></b></p>')).toBe('<b>one </b><b><i>two</i></b>');
    expect(telegram('<blockquote>said</blockquote><pre><code>1 &lt; 2</code></pre>')).toBe(
      '<blockquote>said</blockquote>\n\n<pre>1 &lt; 2</pre>',
    );
  });

  it('closes every tag in order and lets no foreign one through, whatever the HTML', () => {
    const tags = fc.constantFrom(
      '<b>',
      '</b>',
      '<i>',
      '</i>',
      '<p>',
      '</p>',
      '<li>',
      '<ul>',
      '</ul>',
      '<a href="https://x.example">',
      '</a>',
      '<pre>',
      '</pre>',
      '<x-y>',
      '<br>',
      '&',
      '<',
      'a',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(tags, { maxLength: 40 }), (pieces) => {
        const open: string[] = [];
        for (const [, closing, name = ''] of telegram(pieces.join('')).matchAll(/<(\/?)([^\s>]*)[^>]*>/g)) {
          expect(['b', 'i', 'a', 'pre', 'blockquote']).toContain(name);
          if (closing) expect(open.pop()).toBe(name);
          else open.push(name);
        }
        expect(open).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('for WhatsApp', () => {
  it('writes its marks around words, not around blanks', () => {
    expect(whatsApp('<p><strong> bold </strong> <em>it</em> <del>no</del> <code>x = 1</code></p>')).toBe(
      '*bold* _it_ ~no~ ```x = 1```',
    );
    expect(whatsApp('<b><i>both</i></b>')).toBe('*_both_*');
  });

  it('marks each line of its own, because a mark ends with its line', () => {
    expect(whatsApp('<b>one<br>two</b>')).toBe('*one*\n*two*');
  });

  it('leaves out marks inside a word, where WhatsApp would show them', () => {
    expect(whatsApp('un<b>believ</b>able')).toBe('unbelievable');
    expect(whatsApp('(<b>yes</b>)')).toBe('(*yes*)');
  });

  it('spells out links and keeps quotes and code blocks', () => {
    expect(whatsApp('<b><a href="https://a.example/x">go</a></b>')).toBe('*go* (https://a.example/x)');
    expect(whatsApp('<blockquote>said<br>twice</blockquote><pre>a\nb</pre>')).toBe(
      '> said\n> twice\n\n```a\nb```',
    );
  });
});

describe('inline images', () => {
  it('are taken out, in order, with what they show', () => {
    const rich = parseRichText(
      '<p>see</p><div class="intercom-container"><img src="https://cdn.example/1.png?a=1&amp;b=2" alt="receipt"></div><p><img src="https://cdn.example/2.png"><img></p>',
    );
    expect(rich.images).toEqual([
      { src: 'https://cdn.example/1.png?a=1&b=2', alt: 'receipt' },
      { src: 'https://cdn.example/2.png' },
    ]);
    expect(toPlainText(rich)).toBe('see');
  });
});
