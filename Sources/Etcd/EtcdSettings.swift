package import Core
internal import Foundation
package import HTTP
internal import System

/// The addresses of an etcd cluster and the credentials for it.
package struct EtcdSettings: Hashable, Sendable {
    /// The addresses of the members, as `https://HOST:PORT`; at least one.
    package var endpoints: [String]
    /// Trusted certificate authorities and the client certificate.
    package var http: HTTPSettings
    /// The user for password authentication; nil to disable it.
    package var user: String?
    /// The password of `user`.
    package var password: String?
    /// The prefix of all keys, so that several programs can share a cluster.
    package var root = "ciso/"

    package init(endpoints: [String], http: HTTPSettings = HTTPSettings()) {
        self.endpoints = endpoints.map { String($0.hasSuffix("/") ? $0.dropLast() : $0[...]) }
        self.http = http
    }

    /// Reads the password from a file, without the line ending.
    ///
    /// - Throws: `Failure` of the category `input` if the file cannot be read.
    package mutating func readPassword(in file: String) throws(Failure) {
        guard let text = contents(of: file) else {
            throw Failure(.input, "\(file): cannot be read", hint: "expected the password of 'coordination-user'")
        }
        password = text.trimmingCharacters(in: .newlines)
    }
}
