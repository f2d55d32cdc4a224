internal import Core
internal import OpamFormat

/// The file `.gitmodules`, which contains the URLs of submodules.
struct SubmoduleList {
    private var modules: [(path: String?, url: String?)] = []

    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop(while: \.isWhitespace)
            if line.hasPrefix("[") { modules.append((nil, nil)) }
            guard let equals = line.firstIndex(of: "="), !modules.isEmpty else { continue }
            let key = line[..<equals].filter { !$0.isWhitespace }.lowercased()
            var value = line[line.index(after: equals)...].drop(while: \.isWhitespace)
            while value.last?.isWhitespace == true { value.removeLast() }
            if value.first == "\"", value.last == "\"", value.count > 1 { value = value.dropFirst().dropLast() }
            switch key {
            case "path": modules[modules.count - 1].path = String(value)
            case "url": modules[modules.count - 1].url = String(value)
            default: break
            }
        }
    }

    /// The URLs by path. Local ones are only used if the repository itself is local: remote repositories must not make
    /// it read local files.
    func addresses(relativeTo base: String) -> [String: String] {
        var found: [String: String] = [:]
        for module in modules {
            guard let path = module.path, let url = module.url else { continue }
            let address =
                [".", ".."].contains(url.pathNames.first) && !url.isAbsolutePath
                ? Self.resolved(url, against: base) : url
            let isLocal = SourceAddress.localPath(address) != nil
            guard !isLocal || SourceAddress.localPath(base) != nil, isLocal || Self.isRemote(address) else { continue }
            found[path] = SourceAddress.localPath(address).map { "file://\($0)" } ?? address
        }
        return found
    }

    private static func isRemote(_ address: String) -> Bool {
        ["https://", "http://", "ssh://", "git://"].contains { address.hasPrefix($0) }
            || address.utf8.prefix { $0 != UInt8(ascii: "/") }.contains(UInt8(ascii: ":")) && !address.contains("::")
    }

    private static func resolved(_ url: String, against base: String) -> String {
        var base = base.hasSuffix("/") ? String(base.dropLast()) : base
        var rest = url[...]
        while true {
            if rest.hasPrefix("./") {
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("../"), let slash = base.lastIndex(of: "/") {
                rest = rest.dropFirst(3)
                base = String(base[..<slash])
            } else {
                return "\(base)/\(rest)"
            }
        }
    }
}
