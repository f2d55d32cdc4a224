package import Core

extension ExecutionReport: CanonicalDocument {
    package init?(_ reader: inout CanonicalReader) {
        guard reader.key("attempt"), let attempt: UInt64 = reader.number() else { return nil }
        var (base, claim) = (Digest?.none, UInt64?.none)
        guard reader.optional("base", &base, { $0.digest() }), reader.optional("claim", &claim, { $0.number() }),
            reader.key("deployment"), let deployment = reader.string()
        else { return nil }
        self.init(attempt: attempt, deployment: deployment, worker: "", outcome: .success, duration: 0, finished: 0)
        (self.base, self.claim) = (base, claim)
        guard reader.optional("details", &details, { $0.object { Details(&$0) } }),
            reader.optional("detailsObject", &detailsObject, { $0.digest() }),
            reader.key("duration"), let duration = reader.double(),
            reader.optional("durations", &durations, { $0.object { CellResult.Durations(&$0) } }),
            reader.optional("error", &error, { $0.object { CellResult.LoggedError(&$0) } }),
            reader.key("finished"), let finished = reader.double(),
            reader.optional("isPermanent", &isPermanent, { $0.boolean() }),
            reader.optional("layer", &layer, { $0.digest() }), reader.optional("log", &log, { $0.digest() }),
            reader.optional("machine", &machine, { $0.string() }),
            reader.key("outcome"), let outcome = reader.string().flatMap(Outcome.init),
            reader.optional("overwrites", &overwrites, { $0.array { $0.object { CellResult.Overwrite(&$0) } } }),
            reader.optional("overwritesObject", &overwritesObject, { $0.digest() }),
            reader.optional("phase", &phase, { $0.string().flatMap(Phase.init) }),
            reader.optional("pluginFile", &pluginFile, { $0.digest() }),
            reader.optional("reason", &reason, { $0.string() }),
            reader.optional("returned", &returned, { $0.string().flatMap(Return.init) }),
            reader.optional("signature", &signature, { $0.string() }),
            reader.key("worker"), let worker = reader.string()
        else { return nil }
        (self.duration, self.finished, self.outcome, self.worker) = (duration, finished, outcome, worker)
    }

    package func write(to writer: inout CanonicalWriter) {
        writer.key("attempt")
        writer.number(attempt)
        writer.optional("base", base)
        writer.optional("claim", claim) { $0.number($1) }
        writer.key("deployment")
        writer.string(deployment)
        writer.optional("details", details) { $0.object($1.write) }
        writer.optional("detailsObject", detailsObject)
        writer.key("duration")
        writer.double(duration)
        writer.optional("durations", durations) { $0.object($1.write) }
        writer.optional("error", error) { $0.object($1.write) }
        writer.key("finished")
        writer.double(finished)
        writer.optional("isPermanent", isPermanent) { $0.boolean($1) }
        writer.optional("layer", layer)
        writer.optional("log", log)
        writer.optional("machine", machine)
        writer.key("outcome")
        writer.string(outcome.rawValue)
        writer.optional("overwrites", overwrites) { $0.array($1) { writer, each in writer.object(each.write) } }
        writer.optional("overwritesObject", overwritesObject)
        writer.optional("phase", phase?.rawValue)
        writer.optional("pluginFile", pluginFile)
        writer.optional("reason", reason)
        writer.optional("returned", returned?.rawValue)
        writer.optional("signature", signature)
        writer.key("worker")
        writer.string(worker)
    }

    package var isFinite: Bool { duration.isFinite && finished.isFinite && durations?.isFinite != false }
}

extension ExecutionReport.Details {
    fileprivate init?(_ reader: inout CanonicalReader) {
        self.init()
        guard
            reader.optional("confirmation", &confirmation, { $0.array { $0.object { CellResult.Execution(&$0) } } }),
            reader.optional("generated", &generated, { $0.string() }),
            reader.optional("image", &image, { $0.object { CellResult.Image(&$0) } }),
            reader.optional("systemPackages", &systemPackages, { $0.array { $0.string() } })
        else { return nil }
    }

    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.optional("confirmation", confirmation) { $0.array($1) { writer, each in writer.object(each.write) } }
        writer.optional("generated", generated)
        writer.optional("image", image) { $0.object($1.write) }
        writer.optional("systemPackages", systemPackages) { $0.array($1) { $0.string($1) } }
    }
}
