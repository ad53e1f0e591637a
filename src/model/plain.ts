/**
 * Escapes of terminals: colours and cursor moves, window titles, links. Their codes and their last
 * letter are the groups. The server leaves out the same where it counts places in a text.
 */
export const ESCAPE =
  // eslint-disable-next-line no-control-regex
  /\u001b(?:\[([0-9;:?]{0,40})([A-Za-z])|\][^\u0007\u001b]{0,2000}(?:\u0007|\u001b\\)|[()][A-Z0-9]|[=>78])/g;

/**
 * What else controls a terminal (but tab and newline), or turns the direction of what is around it;
 * tags, which nobody sees.
 */
const CONTROLS =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;

/** A text as long as it was, with what controls anything shown as a sign. */
export function visible(text: string): string {
  return text.replace(CONTROLS, found => {
    const code = found.charCodeAt(0);
    return code < 0x20
      ? String.fromCharCode(0x2400 + code)
      : '\ufffd'.repeat(found.length);
  });
}

/** A text that others wrote as it reads, without colours; nothing in it does anything. */
export function plain(text: string): string {
  return visible(text.replace(ESCAPE, ''));
}
