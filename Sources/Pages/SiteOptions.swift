/// What pages contain beside the results.
package struct SiteOptions: Sendable, Hashable {
    /// Whether a server renders the pages: then they follow new results, and there is a page of the queue.
    package var isLive: Bool
    /// The address of the site's root as readers see it, with a slash at its end; nil where that is not known.
    package var address: String?

    package init(isLive: Bool = false, address: String? = nil) {
        self.isLive = isLive
        self.address = address.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    }
}
