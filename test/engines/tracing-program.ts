/**
 * A program for Linux on x86-64 that tries to trace each of the process ids below 32,768 (`PTRACE_SEIZE`,
 * which stops nobody) and exits with how many it may: no tool of the image can do that. As octal escapes for
 * `printf %b`.
 */
export const tracingProgram = (): string => {
  const code = [
    "45 31 e4", //                xor r12d, r12d
    "41 bd 01 00 00 00", //       mov r13d, 1
    "b8 65 00 00 00", //     try: mov eax, 101 (ptrace)
    "bf 06 42 00 00", //          mov edi, 0x4206 (PTRACE_SEIZE)
    "44 89 ee", //                mov esi, r13d
    "31 d2 45 31 d2 0f 05", //    xor edx, edx; xor r10d, r10d; syscall
    "48 85 c0 75 03", //          test rax, rax; jnz next
    "41 ff c4", //                inc r12d
    "41 ff c5", //          next: inc r13d
    "41 81 fd 00 80 00 00", //    cmp r13d, 32768
    "75 d8", //                   jne try
    "44 89 e7", //                mov edi, r12d
    "b8 3c 00 00 00 0f 05", //    mov eax, 60 (exit); syscall
  ].join(" ");
  const instructions = Buffer.from(code.replaceAll(" ", ""), "hex");
  const sizeBytes = BigInt(HEADERS_BYTES + instructions.length);
  // The ELF header of an executable, and one program header that loads all of the file.
  const header = Buffer.alloc(HEADERS_BYTES);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(LOADED_AT + BigInt(HEADERS_BYTES), 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(LOADED_AT, 80);
  header.writeBigUInt64LE(LOADED_AT, 88);
  header.writeBigUInt64LE(sizeBytes, 96);
  header.writeBigUInt64LE(sizeBytes, 104);
  header.writeBigUInt64LE(4096n, 112);
  const file = Buffer.concat([header, instructions]);
  return [...file].map((byte) => `\\0${byte.toString(8)}`).join("");
};

const HEADERS_BYTES = 64 + 56;
const LOADED_AT = 0x400000n;
