/// Options of a site besides its results.
package struct SiteOptions: Sendable, Hashable {
    /// Whether a server renders the pages, so that they are updated with new results and include the queue.
    package var isLive: Bool
    /// The public address of the site's root, with a trailing slash; nil if unknown.
    package var address: String?

    package init(isLive: Bool = false, address: String? = nil) {
        self.isLive = isLive
        self.address = address.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    }
}
