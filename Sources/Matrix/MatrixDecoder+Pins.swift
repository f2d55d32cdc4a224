internal import Core
internal import YAML

/// Decodes packages pinned to a version or a source.
extension MatrixDecoder {
    func pin(_ entry: Node.Entry) -> Pin? {
        let name = Located(entry.key, at: entry.keyLocation)
        let pattern = try? PackagePattern(entry.key)
        if pattern?.name.isLiteral != true || pattern?.constraints.isEmpty != true {
            reader.report("'\(entry.key)' is not a package name", at: entry.keyLocation)
        }
        if case .scalar(let text, _) = entry.value.content {
            guard let address = address(of: text, in: entry.value) else {
                return version(entry.value, "the version of pin '\(entry.key)'").map {
                    Pin(name: name, version: $0.value)
                }
            }
            return Pin(name: name, source: Located(Pin.Source(address), at: entry.value.location))
        }
        guard let fields = reader.fields(entry.value, "pin '\(entry.key)'", .pin) else { return nil }
        var pin = Pin(name: name)
        if let node = fields["version"] { pin.givenVersion = pinnedVersion(node) }
        if let node = fields["opam"], let path = reader.text(node, "'opam'") {
            pin.opamFile = Located(resolved(path.value, relativeTo: path.location.file), at: path.location)
        }
        pin.source = source(of: fields, at: entry.value)
        if pin.opamFile == nil, pin.source == nil, fields["version"] == nil {
            reader.report(
                "pin '\(entry.key)' needs one of 'version', 'opam', 'url' and 'path'", at: entry.value.location)
        }
        return pin
    }

    /// Any valid version of opam: those of pins need not begin with a digit.
    private func pinnedVersion(_ node: Node) -> String? {
        guard let text = reader.text(node, "'version'")?.value else { return nil }
        guard text.allSatisfy(PackagePattern.isVersionLetter) else {
            reader.report(
                "'version' must be a version, found '\(text)'", at: node.location, hint: "such as 5.3.0 or dev")
            return nil
        }
        return text
    }

    /// Parses a URL, or a path recognised by its beginning; nil for a version.
    func address(of text: String, in node: Node) -> Pin.Source.Address? {
        if text.isAbsolutePath || [".", ".."].contains(text.pathNames.first) {
            return .path(resolved(text, relativeTo: node.location.file))
        }
        return text.contains("://") || text.contains("@") && text.contains(":") ? .url(text) : nil
    }

    private func source(of fields: [String: Node], at node: Node) -> Located<Pin.Source>? {
        if let url = fields["url"], let path = fields["path"] {
            reader.report("'url' and 'path' exclude each other", at: max(url, path).location)
        }
        guard let address = fields["url"] ?? fields["path"] else {
            for key in ["ref", "checksum", "subpath"] {
                guard let stray = fields[key] else { continue }
                reader.report("'\(key)' applies only to 'url' or 'path'", at: stray.location)
            }
            return nil
        }
        guard let text = reader.text(address, fields["url"] != nil ? "'url'" : "'path'") else { return nil }
        let isURL = fields["url"] != nil
        if isURL, !text.value.contains(":") {
            reader.report(
                "'url' must be an address, found '\(text.value)'", at: address.location,
                hint: "use 'path' for a directory or file on this machine")
        }
        var source = Pin.Source(
            isURL ? .url(text.value) : .path(resolved(text.value, relativeTo: address.location.file)))
        source.ref = fields["ref"].flatMap { reader.text($0, "'ref'")?.value }
        if let ref = fields["ref"], isURL, text.value.contains("#") {
            reader.report("the address already has a revision after '#'", at: ref.location, hint: "keep one of them")
        }
        source.checksum = fields["checksum"].flatMap(checksum)
        source.subpath = fields["subpath"].flatMap(subpath)
        return Located(source, at: address.location)
    }

    private func checksum(_ node: Node) -> String? {
        guard let text = reader.text(node, "'checksum'")?.value else { return nil }
        let digits = ["md5": 32, "sha256": 64, "sha512": 128]
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, digits[String(parts[0])] == parts[1].count, parts[1].allSatisfy(\.isHexDigit) else {
            reader.report("'\(text)' is not a checksum", at: node.location, hint: "write md5=…, sha256=… or sha512=…")
            return nil
        }
        return text.lowercased()
    }

    func subpath(_ node: Node) -> String? {
        guard let text = reader.text(node, "'subpath'")?.value else { return nil }
        guard text.isPathInside else {
            reader.report(
                "'subpath' must be a directory inside the source, found '\(text)'", at: node.location,
                hint: "write it relative, without '..'")
            return nil
        }
        return text
    }
}
