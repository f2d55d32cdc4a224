import Glibc
import System

/// Decompresses the file `archive` to `descriptor` without unpacking it: `.tar.zst` becomes `.tar`.
///
/// - Parameter limit: the maximum number of bytes written.
/// - Throws: `ArchiveError` with `damaged`, `tooManyBytes`, or `system` if the descriptor cannot be written.
/// - Complexity: O(bytes), in constant memory.
public func expand(_ archive: String, to descriptor: Int32, limit: Int = 8 << 30) throws(ArchiveError) {
    let input = try Descriptor(opening: archive, O_RDONLY, of: archive)
    let reader = try ArchiveReader(descriptor: input.raw, name: archive, format: .stream)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
    defer { buffer.deallocate() }
    guard try reader.next() != nil else { return }
    var total = 0
    while true {
        let count = try reader.read(into: buffer)
        if count == 0 { return }
        total += count
        guard total <= limit else {
            throw ArchiveError(.tooManyBytes, archive: archive, detail: "holds more than \(limit) bytes")
        }
        do throws(SystemError) {
            try writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: descriptor, "output")
        } catch {
            throw ArchiveError(error, of: archive)
        }
    }
}
