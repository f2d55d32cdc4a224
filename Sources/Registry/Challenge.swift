/// An authentication challenge of a `WWW-Authenticate` header: `Bearer realm="…",service="…",scope="…"`.
struct Challenge: Hashable {
    /// The authentication scheme in lower case.
    let scheme: String
    /// The parameters by their names in lower case.
    private(set) var parameters: [String: String] = [:]

    /// The challenges in the value of a header, which may contain several, separated by commas like their parameters.
    static func all(in text: String) -> [Challenge] {
        var challenges: [Challenge] = []
        let pattern = /([A-Za-z0-9_.\-]+)(?: *(=) *(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/
        for match in text.matches(of: pattern) {
            guard match.2 != nil else {
                challenges.append(Challenge(scheme: match.1.lowercased()))
                continue
            }
            let value = match.3.map { String($0.replacing(/\\(.)/) { $0.1 }) } ?? match.4.map(String.init) ?? ""
            if let last = challenges.indices.last { challenges[last].parameters[match.1.lowercased()] = value }
        }
        return challenges
    }
}
