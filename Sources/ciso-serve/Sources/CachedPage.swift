internal import Archive
internal import Core
internal import NIOCore
internal import Pages

/// A rendered page, compressed if that makes it smaller.
struct CachedPage: Sendable {
    let mediaType: String
    /// A weak entity tag made of the content's digest; it is the same for both content codings.
    let tag: String
    let plain: ByteBuffer
    /// The compressed page; nil if compression does not make it smaller.
    let compressed: ByteBuffer?

    init(_ page: Page) {
        mediaType = page.mediaType
        tag = "W/\"\(Digest(of: page.bytes).hex.prefix(24))\""
        plain = ByteBuffer(bytes: page.bytes)
        let smaller = page.bytes.count > 400 ? try? Gzip.compress(page.bytes) : nil
        compressed = smaller.flatMap { $0.count < page.bytes.count * 9 / 10 ? ByteBuffer(bytes: $0) : nil }
    }

    /// The memory that it takes, in bytes.
    var size: Int { plain.readableBytes + (compressed?.readableBytes ?? 0) + 512 }
}

/// The rendered pages of one generation of the site, limited in size; the oldest are evicted first.
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
