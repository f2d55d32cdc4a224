internal import Core

extension Job {
    /// The canonical bytes, of which the job's id is the digest.
    package var document: [UInt8] {
        CanonicalWriter.document { writer in
            writer.object { writer in
                if let allowedOverwrites {
                    writer.key("allowedOverwrites")
                    writer.array(allowedOverwrites) { $0.string($1) }
                }
                writer.key("compiler")
                writer.string(compiler)
                if let documentation {
                    writer.key("documentation")
                    writer.boolean(documentation)
                }
                if let engine {
                    writer.key("engine")
                    writer.string(engine.rawValue)
                }
                writer.key("environment")
                writer.digest(environment)
                writer.key("inputs")
                writer.array(inputs) { $0.digest($1) }
                writer.key("kind")
                writer.string(kind.rawValue)
                if let limits {
                    writer.key("limits")
                    limits.write(to: &writer)
                }
                writer.key("opam")
                writer.digest(opam)
                writer.key("package")
                writer.string(package.description)
                writer.key("plugin")
                plugin.write(to: &writer)
                writer.key("systemPackages")
                writer.array(systemPackages) { $0.string($1) }
            }
        }
    }
}

extension Job.Limits {
    fileprivate func write(to writer: inout CanonicalWriter) {
        let members: [(StaticString, Int?)] = [
            ("disk", disk), ("log", log), ("memory", memory), ("silence", silence), ("time", time),
        ]
        writer.object { writer in
            for (key, value) in members {
                guard let value else { continue }
                writer.key(key)
                writer.number(value)
            }
        }
    }
}

extension Job.Plugin {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            writer.key("digest")
            writer.digest(digest)
            writer.key("name")
            writer.string(name)
            writer.key("version")
            writer.string(version)
        }
    }
}

extension PlannedCell {
    /// The canonical bytes of a document with cells.
    static func document(_ cells: [PlannedCell]) -> [UInt8] {
        CanonicalWriter.document { writer in writer.array(cells) { $1.write(to: &$0) } }
    }

    private func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            acceptance?.write(to: &writer)
            if let accepted {
                writer.key("accepted")
                writer.string(accepted)
            }
            writer.key("basis")
            basis.write(to: &writer)
            cause?.write(to: &writer)
            writer.key("cell")
            writer.string(cell.description)
            writer.key("priority")
            writer.number(priority)
            if let provisional {
                writer.key("provisional")
                writer.boolean(provisional)
            }
            writer.key("required")
            writer.boolean(required)
            if let untested {
                writer.key("untested")
                writer.string(untested)
            }
        }
    }
}

extension Acceptance {
    /// Writes the member of a cell.
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.key("acceptance")
        writer.object { writer in
            if let phase {
                writer.key("phase")
                writer.string(phase.rawValue)
            }
            if let signature {
                writer.key("signature")
                writer.string(signature)
            }
            if let tracker {
                writer.key("tracker")
                writer.string(tracker)
            }
        }
    }
}

extension UnsolvableCause {
    /// Writes the member of a cell.
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.key("cause")
        writer.object { writer in
            writer.key("class")
            writer.string(`class`.rawValue)
            writer.key("package")
            writer.string(package)
            writer.key("sentence")
            writer.string(sentence)
        }
    }
}

extension PlannedCell.Basis {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            switch self {
            case .jobs(let build, let test):
                writer.key("jobs")
                writer.object { writer in
                    writer.key("build")
                    writer.digest(build)
                    if let test {
                        writer.key("test")
                        writer.digest(test)
                    }
                }
            case .unsolvable(let explanation):
                writer.key("unsolvable")
                writer.object { writer in
                    writer.key("explanation")
                    writer.string(explanation)
                }
            case .excluded(let reason):
                writer.key("excluded")
                writer.object { writer in
                    writer.key("reason")
                    writer.string(reason)
                }
            }
        }
    }
}
