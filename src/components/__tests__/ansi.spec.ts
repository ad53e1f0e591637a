import { plain } from '../../model/plain';
import { ansiPieces } from '../ansi';

describe('plain', () => {
  it('takes colours and cursor moves away and leaves the rest', () => {
    expect(plain('\u001b[1;31mred\u001b[0m \u001b[2K[3] end')).toBe(
      'red [3] end'
    );
  });

  it('shows what controls a terminal or turns the direction, and follows no link', () => {
    expect(plain('a\u0007b\u202ec\u009bd\ne\tf')).toBe(
      'a␇b\ufffdc\ufffdd\ne\tf'
    );
    expect(
      plain('\u001b]8;;javascript:alert(1)\u001b\\here\u001b]8;;\u001b\\')
    ).toBe('here');
    expect(plain('\u001b]52;c;YQ==\u0007x\u001b[201~')).toBe('x␛[201~');
  });
});

describe('ansiPieces', () => {
  const shown = (text: string) =>
    ansiPieces(text).map(piece => [piece.text, piece.className]);

  it('leaves a plain line whole', () => {
    expect(shown('plain [31m')).toEqual([['plain [31m', '']]);
  });

  it('colours what a terminal would', () => {
    expect(shown('a \u001b[31mred \u001b[1mbold\u001b[0m end')).toEqual([
      ['a ', ''],
      ['red ', 'jp-sm-ansi-red'],
      ['bold', 'jp-sm-ansi-red jp-sm-ansi-bold'],
      [' end', '']
    ]);
  });

  it('knows bright colours, those of 256, and skips what has no name', () => {
    expect(
      shown('\u001b[92mok\u001b[39m \u001b[38;5;1mr\u001b[38;2;1;2;3mx')
    ).toEqual([
      ['ok', 'jp-sm-ansi-green'],
      [' ', ''],
      ['r', 'jp-sm-ansi-red'],
      ['x', 'jp-sm-ansi-red']
    ]);
  });

  it('leaves out escapes that move, erase, or name a window', () => {
    expect(shown('\u001b[2K\u001b]0;title\u0007x\u001b[?25l')).toEqual([
      ['x', '']
    ]);
  });

  it('keeps a text as long as it was where it shows a sign', () => {
    expect(shown('\u202ea\u0000\u001b[31mb\u200e')).toEqual([
      ['\ufffda␀', ''],
      ['b\ufffd', 'jp-sm-ansi-red']
    ]);
  });
});
