/** PE32+ images for tests only. */

export interface PeFixture {
  readonly machine?: number;
  readonly sections?: readonly (readonly [name: string, content: Uint8Array])[];
  readonly headersBytes?: number;
  readonly sectionAlignment?: number;
  readonly nx?: boolean;
}

const SIGNATURE = 0x80;
const FILE_ALIGNMENT = 0x200;

/** A small image such as a stub: headers, and sections of some bytes. */
export function peOf(fixture: PeFixture = {}): Buffer {
  const { machine = 0x8664, headersBytes = 0x400, sectionAlignment = 0x1000, nx = true } = fixture;
  const sections = fixture.sections ?? [
    ['.text', Buffer.alloc(700, 0x90)],
    [
      '.sbat',
      Buffer.from('sbat,1,SBAT Version,sbat,1,https://example.org\nstub,1,Stub,stub,1,https://example.org\n\0'),
    ],
  ];
  const head = Buffer.alloc(headersBytes);
  head.write('MZ');
  head.writeUInt32LE(SIGNATURE, 0x3c);
  head.write('PE\0\0', SIGNATURE, 'latin1');
  head.writeUInt16LE(machine, SIGNATURE + 4);
  head.writeUInt16LE(sections.length, SIGNATURE + 6);
  head.writeUInt16LE(240, SIGNATURE + 20);
  const optional = SIGNATURE + 24;
  head.writeUInt16LE(0x20b, optional);
  head.writeUInt32LE(sectionAlignment, optional + 32);
  head.writeUInt32LE(FILE_ALIGNMENT, optional + 36);
  head.writeUInt32LE(headersBytes, optional + 60);
  head.writeUInt16LE(nx ? 0x160 : 0x60, optional + 70);
  head.writeUInt32LE(16, optional + 108);
  const bodies: Buffer[] = [];
  let offset = headersBytes;
  let address = 0x1000;
  sections.forEach(([name, content], index) => {
    const at = optional + 240 + index * 40;
    const raw = Math.ceil(content.byteLength / FILE_ALIGNMENT) * FILE_ALIGNMENT;
    head.write(name, at, 8, 'latin1');
    head.writeUInt32LE(content.byteLength, at + 8);
    head.writeUInt32LE(address, at + 12);
    head.writeUInt32LE(raw, at + 16);
    head.writeUInt32LE(offset, at + 20);
    bodies.push(Buffer.concat([content, Buffer.alloc(raw - content.byteLength)]));
    offset += raw;
    address += Math.ceil(content.byteLength / sectionAlignment) * sectionAlignment;
  });
  return Buffer.concat([head, ...bodies]);
}
