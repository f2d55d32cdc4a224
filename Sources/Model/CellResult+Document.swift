package import Core

extension CellResult: CanonicalDocument {
    /// The canonical bytes of the result's document.
    ///
    /// - Throws: `EncodingError` if a number is not finite.
    package var document: [UInt8] {
        get throws { try canonicalBytes() }
    }

    package var isFinite: Bool { durations?.isFinite != false && duration?.isFinite != false }

    package func write(to writer: inout CanonicalWriter) {
        writer.optional("attempts", attempts) { $0.number($1) }
        writer.optional("base", base)
        writer.optional("blockedBy", blockedBy?.description)
        writer.optional("blockedByJob", blockedByJob)
        writer.optional("blockedChain", blockedChain) { $0.array($1) { $0.string($1.description) } }
        writer.optional("built", built) { $0.object($1.write) }
        writer.key("cell")
        writer.string(cell.description)
        writer.optional("change", change?.rawValue)
        writer.optional("confirmation", confirmation) { $0.array($1) { writer, each in writer.object(each.write) } }
        writer.optional("duration", duration) { $0.double($1) }
        writer.optional("durations", durations) { $0.object($1.write) }
        writer.optional("error", error) { $0.object($1.write) }
        writer.optional("execution", execution)
        writer.optional("failedAttempts", failedAttempts) {
            $0.array($1) { writer, each in writer.object(each.write) }
        }
        writer.optional("finished", finished) { $0.number($1) }
        writer.optional("generated", generated)
        writer.optional("image", image) { $0.object($1.write) }
        writer.optional("job", job)
        writer.optional("layer", layer)
        writer.optional("log", log)
        writer.optional("machine", machine)
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.optional("overwrites", overwrites) { $0.array($1) { writer, each in writer.object(each.write) } }
        writer.optional("phase", phase?.rawValue)
        writer.optional("plugin", plugin)
        writer.optional("previous", previous) { $0.object($1.write) }
        writer.optional("reason", reason)
        writer.key("repositories")
        writer.array(repositories) { $0.string($1) }
        writer.optional("run", run) { $0.number($1) }
        writer.optional("signature", signature)
        writer.optional("systemPackages", systemPackages) { $0.array($1) { $0.string($1) } }
    }
}

extension CellResult.FailedAttempt {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.optional("error", error) { $0.object($1.write) }
        writer.optional("log", log)
        writer.key("reason")
        writer.string(reason)
    }
}

extension CellResult.Execution {
    func write(to writer: inout CanonicalWriter) {
        writer.optional("error", error) { $0.object($1.write) }
        writer.optional("log", log)
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.optional("phase", phase?.rawValue)
        writer.optional("reason", reason)
        writer.optional("signature", signature)
    }
}

extension CellResult.Durations {
    func write(to writer: inout CanonicalWriter) {
        writer.optional("environment", environment) { $0.double($1) }
        writer.key("phases")
        writer.dictionary(phases) { $0.double($1) }
        writer.optional("queued", queued) { $0.double($1) }
    }

    var isFinite: Bool {
        environment?.isFinite != false && queued?.isFinite != false && phases.values.allSatisfy(\.isFinite)
    }
}

extension CellResult.LoggedError {
    func write(to writer: inout CanonicalWriter) {
        writer.key("class")
        writer.string(failureClass)
        writer.key("excerpt")
        writer.string(excerpt)
        writer.key("kind")
        writer.string(kind)
        writer.optional("length", length) { $0.number($1) }
        writer.optional("line", line) { $0.number($1) }
        writer.optional("offset", offset) { $0.number($1) }
        writer.key("origin")
        writer.string(origin)
        writer.optional("pattern", pattern)
        writer.key("weak")
        writer.boolean(isWeak)
    }
}

extension CellResult.Image {
    func write(to writer: inout CanonicalWriter) {
        writer.optional("abi", abi) { $0.number($1) }
        writer.key("backend")
        writer.string(backend)
        writer.optional("devices", devices) { $0.array($1) { $0.string($1) } }
        writer.key("digest")
        writer.digest(digest)
        writer.key("path")
        writer.string(path)
        writer.key("size")
        writer.number(size)
    }
}

extension CellResult.Overwrite {
    func write(to writer: inout CanonicalWriter) {
        writer.key("owner")
        writer.string(owner)
        writer.key("path")
        writer.string(path)
    }
}

extension PreviousVerdict {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.key("package")
        writer.string(package.description)
        writer.optional("phase", phase?.rawValue)
        writer.optional("run", run) { $0.number($1) }
        writer.optional("signature", signature)
    }
}
