include Bigarray
