/// A boot sector that switches to 64-bit mode with paging, writes and reads 32 MiB of memory four times, and then ends
/// QEMU by its device `isa-debug-exit`.
///
/// Its source is `BootProgram.S` in the directory of this module's tests, which compare the two.
package enum BootProgram {
    /// The I/O port of the device.
    static let port = "0xf4"
    /// QEMU's exit status when the program has reached its end.
    static let status: Int32 = 33

    /// A disk that starts with the program. Firmware ignores smaller ones.
    static var image: [UInt8] {
        sector + [UInt8](repeating: 0, count: 1 << 20)
    }

    /// The first 512 bytes.
    package static var sector: [UInt8] {
        let code = hexadecimal.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0, radix: 16) }
        return code + [UInt8](repeating: 0, count: 510 - code.count) + [0x55, 0xaa]
    }

    private static let hexadecimal = """
        fa 31 c0 8e d8 8e c0 8e d0 bc 00 7c e4 92 0c 02 e6 92 66 bf 00 10 00 00
        66 31 c0 66 b9 00 0c 00 00 66 f3 ab 66 c7 06 00 10 03 20 00 00 66 c7 06
        00 20 03 30 00 00 66 bf 00 30 00 00 66 b8 83 00 00 00 66 b9 40 00 00 00
        67 66 89 07 66 05 00 00 20 00 66 83 c7 08 e2 f0 66 b8 00 10 00 00 0f 22
        d8 0f 20 e0 66 83 c8 20 0f 22 e0 66 b9 80 00 00 c0 0f 32 66 0d 00 01 00
        00 0f 30 0f 20 c0 66 0d 01 00 00 80 0f 22 c0 0f 01 16 f0 7c ea 91 7c 08
        00 b8 10 00 00 00 8e d8 8e c0 31 db bf 00 00 10 00 b9 00 00 40 00 b8 5a
        5a 00 00 f3 48 ab be 00 00 10 00 b9 00 00 40 00 48 ad 48 3d 5a 5a 00 00
        75 10 e2 f4 ff c3 83 fb 04 75 d1 b8 10 00 00 00 e6 f4 f4 eb fd 8d 76 00
        00 00 00 00 00 00 00 00 ff ff 00 00 00 9b af 00 ff ff 00 00 00 93 cf 00
        17 00 d8 7c
        """
}
