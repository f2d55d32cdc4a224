package import Core
internal import Foundation

/// Encodes ephemeral values as canonical JSON.
package enum EphemeralDocument {
    /// The bytes of a document.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        if let value = value as? any CanonicalDocument { return try value.canonicalBytes() }
        return [UInt8](try CanonicalJSON.encode(value))
    }

    /// Decodes a document; nil if the bytes hold anything else, such as a document of another version.
    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) -> Value? {
        try? CanonicalJSON.decode(type, from: bytes)
    }
}

extension JobAssignment: CanonicalDocument {
    package init?(_ reader: inout CanonicalReader) {
        var (bundle, offset, size) = (Digest?.none, Int?.none, Int?.none)
        guard reader.key("attempt"), let attempt: UInt64 = reader.number(),
            reader.optional("bundle", &bundle, { $0.digest() }),
            reader.key("cell"), let cell = reader.string().flatMap({ Cell($0) }),
            reader.key("deployment"), let deployment = reader.string(),
            reader.key("kind"), let kind = reader.string().flatMap(Job.Kind.init)
        else { return nil }
        var (lane, revocation) = (String?.none, Revocation?.none)
        guard reader.optional("lane", &lane, { $0.string() }), reader.optional("offset", &offset, { $0.number() }),
            reader.key("priority"), let priority: Int = reader.number(),
            reader.key("request"), let request = reader.digest(),
            reader.optional("revocation", &revocation, { $0.string().flatMap(Revocation.init) }),
            reader.optional("size", &size, { $0.number() })
        else { return nil }
        self.init(
            attempt: attempt, deployment: deployment, request: request, cell: cell, kind: kind, priority: priority,
            lane: lane)
        (self.bundle, self.offset, self.size, self.revocation) = (bundle, offset, size, revocation)
    }

    package func write(to writer: inout CanonicalWriter) {
        writer.key("attempt")
        writer.number(attempt)
        writer.optional("bundle", bundle)
        writer.key("cell")
        writer.string(cell.description)
        writer.key("deployment")
        writer.string(deployment)
        writer.key("kind")
        writer.string(kind.rawValue)
        writer.optional("lane", lane)
        writer.optional("offset", offset) { $0.number($1) }
        writer.key("priority")
        writer.number(priority)
        writer.key("request")
        writer.digest(request)
        writer.optional("revocation", revocation?.rawValue)
        writer.optional("size", size) { $0.number($1) }
    }
}

extension JobProgress: CanonicalDocument {
    package init?(_ reader: inout CanonicalReader) {
        guard reader.key("attempt"), let attempt: UInt64 = reader.number(),
            reader.key("began"), let began: Int = reader.number(),
            reader.key("cell"), let cell = reader.string().flatMap({ Cell($0) }),
            reader.key("deployment"), let deployment = reader.string()
        else { return nil }
        var (host, output, seen) = (String?.none, Int?.none, Int?.none)
        guard reader.optional("host", &host, { $0.string() }), reader.key("job"), let job = reader.string(),
            reader.key("kind"), let kind = reader.string().flatMap(Job.Kind.init),
            reader.optional("output", &output, { $0.number() }), reader.optional("seen", &seen, { $0.number() }),
            reader.key("step"), let step = reader.string(), reader.key("worker"), let worker = reader.string()
        else { return nil }
        self.init(
            cell: cell, kind: kind, job: job, deployment: deployment, worker: worker, attempt: attempt, step: step,
            host: host, began: began, output: output)
        self.seen = seen
    }

    package func write(to writer: inout CanonicalWriter) {
        writer.key("attempt")
        writer.number(attempt)
        writer.key("began")
        writer.number(began)
        writer.key("cell")
        writer.string(cell.description)
        writer.key("deployment")
        writer.string(deployment)
        writer.optional("host", host)
        writer.key("job")
        writer.string(job)
        writer.key("kind")
        writer.string(kind.rawValue)
        writer.optional("output", output) { $0.number($1) }
        writer.optional("seen", seen) { $0.number($1) }
        writer.key("step")
        writer.string(step)
        writer.key("worker")
        writer.string(worker)
    }
}
