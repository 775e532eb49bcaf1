/** Builds kernel modules, as far as readers of their description look: for tests only. */

export interface FixtureModule {
  readonly modinfo: readonly (readonly [string, string])[];
  /** Symbols that others may use, and symbols that this one uses. */
  readonly exports?: readonly string[];
  readonly imports?: readonly string[];
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly body: Buffer;
  readonly link?: number;
  readonly info?: number;
  readonly entryBytes?: number;
}

const strings = (texts: readonly string[]) => Buffer.from(texts.map((text) => `${text}\0`).join(''));

/** A 64-bit little-endian relocatable ELF file. */
export function elfModule({ modinfo, exports = [], imports = [] }: FixtureModule): Buffer {
  const symbolNames = strings(['', ...imports]);
  const symbol = (name: string) => {
    const entry = Buffer.alloc(24);
    entry.writeUInt32LE(symbolNames.indexOf(`\0${name}\0`) + 1, 0);
    entry[4] = 0x10; // global, without type; undefined
    return entry;
  };
  const sections: Section[] = [
    { name: '', type: 0, body: Buffer.alloc(0) },
    { name: '.modinfo', type: 1, body: strings(modinfo.map(([key, value]) => `${key}=${value}`)) },
    { name: '__ksymtab_strings', type: 1, body: strings(exports) },
    {
      name: '.symtab',
      type: 2,
      body: Buffer.concat([Buffer.alloc(24), ...imports.map(symbol)]),
      link: 4,
      info: 1,
      entryBytes: 24,
    },
    { name: '.strtab', type: 3, body: symbolNames },
  ];
  const names = strings([...sections.map(({ name }) => name), '.shstrtab']);
  sections.push({ name: '.shstrtab', type: 3, body: names });

  let offset = 64;
  const headers = sections.map(({ name, type, body, link = 0, info = 0, entryBytes = 0 }) => {
    const header = Buffer.alloc(64);
    header.writeUInt32LE(name === '' ? 0 : names.indexOf(`\0${name}\0`) + 1, 0);
    header.writeUInt32LE(type, 4);
    header.writeBigUInt64LE(BigInt(offset), 24);
    header.writeBigUInt64LE(BigInt(body.length), 32);
    header.writeUInt32LE(link, 40);
    header.writeUInt32LE(info, 44);
    header.writeBigUInt64LE(1n, 48);
    header.writeBigUInt64LE(BigInt(entryBytes), 56);
    offset += body.length;
    return header;
  });
  const elf = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(elf);
  elf.writeUInt16LE(1, 16); // relocatable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(offset), 40);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(64, 58);
  elf.writeUInt16LE(sections.length, 60);
  elf.writeUInt16LE(sections.length - 1, 62);
  return Buffer.concat([elf, ...sections.map(({ body }) => body), ...headers]);
}
