internal import Archive
internal import Core
internal import NIOCore
internal import Pages

/// A page as it is sent, compressed where that makes it smaller.
struct CachedPage: Sendable {
    let mediaType: String
    /// The digest of the content as an entity tag. A weak one: it is the same for both codings.
    let tag: String
    let plain: ByteBuffer
    /// Nil where compression does not pay.
    let compressed: ByteBuffer?

    init(_ page: Page) {
        mediaType = page.mediaType
        tag = "W/\"\(Digest(of: page.bytes).hex.prefix(24))\""
        plain = ByteBuffer(bytes: page.bytes)
        let smaller = page.bytes.count > 400 ? try? Gzip.compress(page.bytes) : nil
        compressed = smaller.flatMap { $0.count < page.bytes.count * 9 / 10 ? ByteBuffer(bytes: $0) : nil }
    }

    /// Bytes that it takes.
    var size: Int { plain.readableBytes + (compressed?.readableBytes ?? 0) + 512 }
}

/// The rendered pages of one generation of the site, up to a number of bytes; the first that came go first.
struct PageCache {
    private var pages: [String: CachedPage] = [:]
    private var order: [String] = []
    private var first = 0
    private(set) var bytes = 0

    var count: Int { pages.count }

    subscript(path: String) -> CachedPage? { pages[path] }

    mutating func insert(_ page: CachedPage, at path: String) {
        guard pages[path] == nil, page.size < ServerLimits.cache / 4 else { return }
        pages[path] = page
        order.append(path)
        bytes += page.size
        while bytes > ServerLimits.cache, first < order.count {
            if let old = pages.removeValue(forKey: order[first]) { bytes -= old.size }
            first += 1
        }
        if first > 4096 {
            order.removeFirst(first)
            first = 0
        }
    }
}
