import { ESCAPE, visible } from '../model/plain';

/** A piece of a line, with the class that colours it (empty: as the rest). */
export interface IPiece {
  text: string;
  className: string;
}

const NAMES = [
  'muted',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'plain'
];

/** A log line as pieces: colours as a terminal would show them, other escapes left out. */
export function ansiPieces(text: string): IPiece[] {
  if (!text.includes('\u001b')) {
    return [{ text: visible(text), className: '' }];
  }
  const pieces: IPiece[] = [];
  let colour = '';
  let isBold = false;
  let at = 0;
  const take = (end: number) => {
    if (end > at) {
      const classes = [
        colour && `jp-sm-ansi-${colour}`,
        isBold && 'jp-sm-ansi-bold'
      ];
      pieces.push({
        text: visible(text.slice(at, end)),
        className: classes.filter(Boolean).join(' ')
      });
    }
  };
  for (const match of text.matchAll(ESCAPE)) {
    take(match.index);
    at = match.index + match[0].length;
    if (match[2] !== 'm') {
      continue;
    }
    const codes = (match[1] || '0').split(/[;:]/).map(Number);
    for (let index = 0; index < codes.length; index++) {
      const code = codes[index];
      if (code === 0) {
        colour = '';
        isBold = false;
      } else if (code === 1 || code === 22) {
        isBold = code === 1;
      } else if (code === 39) {
        colour = '';
      } else if (code >= 30 && code <= 37) {
        colour = NAMES[code - 30];
      } else if (code >= 90 && code <= 97) {
        colour = NAMES[code - 90];
      } else if (code === 38 || code === 48) {
        // A colour of a larger palette, of which only the first sixteen have names.
        const number = codes[index + 1] === 5 ? codes[index + 2] : undefined;
        if (code === 38 && number !== undefined && number < 16) {
          colour = NAMES[number % 8];
        }
        index += codes[index + 1] === 5 ? 2 : 4;
      }
    }
  }
  take(text.length);
  return pieces;
}
