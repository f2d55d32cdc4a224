internal import Foundation

/// A document of which there is at least one for each job, encoded and decoded without `Codable` for speed.
package protocol CanonicalDocument: Codable {
    /// Reads the members of the object in the order of their keys; nil if the object has another form.
    init?(_ reader: inout CanonicalReader)
    /// Writes the members of the object, in the order of their keys.
    func write(to writer: inout CanonicalWriter)
    /// Whether every number can be written: JSON cannot represent numbers that are not finite.
    var isFinite: Bool { get }
}

extension CanonicalDocument {
    package var isFinite: Bool { true }

    /// Parses canonical bytes; nil for any other form.
    package init?(canonicalBytes: [UInt8]) {
        guard let value = CanonicalReader.document(canonicalBytes, { $0.object { Self(&$0) } }) else { return nil }
        self = value
    }

    /// The bytes that `CanonicalJSON` gives.
    package func canonicalBytes() throws -> [UInt8] {
        guard isFinite else { return [UInt8](try CanonicalJSON.encode(self)) }
        return CanonicalWriter.document { $0.object(write) }
    }
}
