/// A reference to an OCI image: `[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]` in a registry, or
/// `oci:DIRECTORY[:TAG][@sha256:DIGEST]` in an image layout on disk.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    /// The location of an image.
    public enum Location: Hashable, Sendable {
        /// A repository of a registry: the host with its port, and the name.
        case registry(host: String, name: String)
        /// A directory with an OCI image layout.
        case layout(String)
    }

    /// The location of the image.
    public var location: Location
    /// The tag; nil for `latest` in a registry, or the only image of a layout. Ignored if there is a digest.
    public var tag: String?
    /// The digest of the image's manifest, or of an index of images for several architectures.
    public var digest: Digest?

    public init(_ location: Location, tag: String? = nil, digest: Digest? = nil) {
        self.location = location
        self.tag = tag
        self.digest = digest
    }

    /// The transports in skopeo's notation that are not supported.
    private static let unsupportedTransports = [
        "docker-archive", "oci-archive", "docker-daemon", "containers-storage", "dir", "ostree", "sif", "tarball",
    ]

    /// The transport of an image in skopeo's notation, such as `docker-archive`, if it is not supported.
    public static func unsupportedTransport(in text: String) -> String? {
        unsupportedTransports.first { text.hasPrefix("\($0):") }
    }

    /// Parses a reference; nil if `text` is not one. As in docker, the default host is Docker Hub.
    public init?(_ text: String) {
        guard Self.unsupportedTransport(in: text) == nil else { return nil }
        var rest = Substring(text)
        if let at = rest.lastIndex(of: "@"), rest[at...].hasPrefix("@sha256:") {
            guard let digest = Digest(oci: rest[at...].dropFirst()) else { return nil }
            self.digest = digest
            rest = rest[..<at]
        }
        let isLayout = rest.hasPrefix("oci:")
        if isLayout { rest = rest.dropFirst("oci:".count) }
        if rest.hasPrefix("docker://") { rest = rest.dropFirst("docker://".count) }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let tag = rest[rest.index(after: colon)...]
            guard Self.isTag(tag) else { return nil }
            self.tag = String(tag)
            rest = rest[..<colon]
        }
        guard let location = isLayout ? Self.layout(rest) : Self.repository(rest) else { return nil }
        self.location = location
    }

    private static func layout(_ path: Substring) -> Location? {
        path.isEmpty || path.utf8.contains(0) ? nil : .layout(String(path))
    }

    private static func repository(_ text: Substring) -> Location? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        // The first component is a host if it looks like one.
        let isHost = parts.count == 2 && (first.contains { $0 == "." || $0 == ":" } || first == "localhost")
        let host = isHost ? String(first) : "docker.io"
        var name = String(isHost ? parts[1] : text)
        if host == "docker.io", !name.contains("/") { name = "library/\(name)" }
        let isValid =
            host.wholeMatch(of: /(?:[A-Za-z0-9_.-]+|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?/) != nil
            && name.utf8.count <= 255
            && name.wholeMatch(of: /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*/)
                != nil
        return isValid ? .registry(host: host, name: name) : nil
    }

    private static func isTag(_ text: some StringProtocol) -> Bool {
        String(text).wholeMatch(of: /[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}/) != nil
    }

    /// The reference without its tag and digest.
    public var name: String {
        switch location {
        case .registry(let host, let name): "\(host)/\(name)"
        case .layout(let directory): "oci:\(directory)"
        }
    }

    public var description: String {
        name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0.oci)" } ?? "")
    }
}
