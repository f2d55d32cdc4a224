internal import Foundation

// swift-format-ignore: AlwaysUseLowerCamelCase
/// Messages of etcd's JSON gateway; properties have the names of its fields. 64-bit integers are strings, bytes are
/// base64, and zero values are omitted.
enum EtcdMessages {
    struct Header: Decodable {
        var revision: String?
    }

    struct KeyValue: Decodable {
        var key: Data
        var value: Data?
        var mod_revision: String?
        var lease: String?
    }

    struct Range: Encodable {
        var key: Data
        var range_end: Data?
        var limit: String?
        var revision: String?
    }

    struct RangeResponse: Decodable {
        var header: Header?
        var kvs: [KeyValue]?
        var more: Bool?
    }

    struct Put: Encodable {
        var key: Data
        var value: Data
        var lease: String?
    }

    struct Deletion: Encodable {
        var key: Data
    }

    struct Compare: Encodable {
        var key: Data
        var target: String
        var result = "EQUAL"
        var create_revision: String?
        var mod_revision: String?
        var lease: String?
    }

    struct Operation: Encodable {
        var request_put: Put?
        var request_range: Range?
        var request_delete_range: Deletion?
    }

    struct Transaction: Encodable {
        var compare: [Compare]
        var success: [Operation]
        var failure: [Operation]
    }

    struct TransactionResponse: Decodable {
        struct OperationResponse: Decodable {
            var response_range: RangeResponse?
        }

        var header: Header
        var succeeded: Bool?
        var responses: [OperationResponse]?
    }

    struct Lease: Encodable {
        var ID: String
        var TTL: String?
    }

    struct LeaseResponse: Decodable {
        var ID: String?
        var TTL: String?
    }

    /// The envelope of each message of a stream.
    struct Streamed<Value: Decodable>: Decodable {
        var result: Value?
        var error: ErrorResponse?
    }

    struct WatchRequest: Encodable {
        struct Creation: Encodable {
            var key: Data
            var range_end: Data
            var start_revision: String
        }

        var create_request: Creation
    }

    struct WatchResponse: Decodable {
        struct Event: Decodable {
            /// `DELETE`, or absent for a put.
            var type: String?
            var kv: KeyValue
        }

        var header: Header?
        var canceled: Bool?
        var compact_revision: String?
        var cancel_reason: String?
        var events: [Event]?
    }

    struct ErrorResponse: Decodable {
        var code: Int?
        var grpc_code: Int?
        var message: String?
        var error: String?

        var text: String { message ?? error ?? "" }
    }

    struct Credentials: Encodable {
        var name: String
        var password: String
    }

    struct Token: Decodable {
        var token: String
    }

    struct Status: Decodable {
        var version: String?
    }

    struct Empty: Decodable {}
}
