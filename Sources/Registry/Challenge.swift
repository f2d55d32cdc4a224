/// An authentication challenge of a `WWW-Authenticate` header: `Bearer realm="…",service="…",scope="…"`.
struct Challenge: Hashable {
    /// The authentication scheme in lower case.
    let scheme: String
    /// The parameters by their names in lower case.
    let parameters: [String: String]

    /// Parses the value of a header; nil if it names no scheme.
    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 1)
        guard let first = parts.first else { return nil }
        scheme = first.lowercased()
        var parameters: [String: String] = [:]
        let pattern = /([A-Za-z_]+) *= *(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/
        for match in (parts.count > 1 ? parts[1] : "").matches(of: pattern) {
            let value = match.2.map { String($0.replacing(/\\(.)/) { $0.1 }) } ?? match.3.map(String.init) ?? ""
            parameters[match.1.lowercased()] = value
        }
        self.parameters = parameters
    }
}
