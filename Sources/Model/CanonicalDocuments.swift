internal import Core

extension Job {
    /// The canonical bytes. Their digest is the job's id.
    package var document: [UInt8] {
        CanonicalWriter.document { writer in
            writer.object { writer in
                writer.optional("allowedOverwrites", allowedOverwrites) { $0.array($1) { $0.string($1) } }
                writer.key("compiler")
                writer.string(compiler)
                writer.optional("documentation", documentation) { $0.boolean($1) }
                writer.optional("engine", engine?.rawValue)
                writer.key("environment")
                writer.digest(environment)
                writer.key("inputs")
                writer.array(inputs) { $0.digest($1) }
                writer.key("kind")
                writer.string(kind.rawValue)
                writer.optional("limits", limits) { $1.write(to: &$0) }
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
            for (key, value) in members { writer.optional(key, value) { $0.number($1) } }
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
    /// The canonical bytes of a document with these cells.
    static func document(_ cells: [PlannedCell]) -> [UInt8] {
        CanonicalWriter.document { writer in writer.array(cells) { $1.write(to: &$0) } }
    }

    private func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            writer.optional("acceptance", acceptance) { $1.write(to: &$0) }
            writer.optional("accepted", accepted)
            writer.key("basis")
            basis.write(to: &writer)
            writer.optional("cause", cause) { $1.write(to: &$0) }
            writer.key("cell")
            writer.string(cell.description)
            writer.key("priority")
            writer.number(priority)
            writer.optional("provisional", provisional) { $0.boolean($1) }
            writer.key("required")
            writer.boolean(required)
            writer.optional("untested", untested)
        }
    }
}

extension Acceptance {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.object { writer in
            writer.optional("phase", phase?.rawValue)
            writer.optional("signature", signature)
            writer.optional("tracker", tracker)
        }
    }
}

extension UnsolvableCause {
    fileprivate func write(to writer: inout CanonicalWriter) {
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
                    writer.optional("test", test)
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
