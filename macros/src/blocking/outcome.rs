use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{GenericArgument, PathArguments, Type, parse_quote_spanned};

use super::client::Client;

/// Where in a value the client is that the twin takes in.
pub(crate) enum Outcome {
    Client,
    InOption(Box<Outcome>),
    InResult(Box<Outcome>),
    Nowhere,
}

impl Outcome {
    /// Makes of a type in the client's block the one that it is for the twin: a client that is made
    /// there is a twin here, any other stays a client.
    ///
    /// Input:
    ///
    /// ```text
    /// io::Result<Self>
    /// ```
    ///
    /// Output: `io::Result<Self>`, where `Self` is the twin now. But of `Vec<Self>`:
    ///
    /// ```text
    /// Vec<Client>
    /// ```
    pub(crate) fn of(ty: &mut Type, client: &Client) -> Outcome {
        client.name_in_type(ty);
        Outcome::find(ty, client)
    }

    /// The same for a constant, which can be a client, but not have one taken out of it.
    pub(crate) fn of_constant(ty: &mut Type, client: &Client) -> Outcome {
        client.name_in_type(ty);
        if client.is(ty) { Outcome::find(ty, client) } else { Outcome::Nowhere }
    }

    fn find(ty: &mut Type, client: &Client) -> Outcome {
        if client.is(ty) {
            *ty = parse_quote_spanned!(client.span=> Self);
            return Outcome::Client;
        }
        let Some((within, first)) = first_argument(ty) else {
            return Outcome::Nowhere;
        };
        match Outcome::find(first, client) {
            Outcome::Nowhere => Outcome::Nowhere,
            inner => within(Box::new(inner)),
        }
    }

    /// Whether `const` code can make it a twin's: it drops nothing, and a `match` might.
    pub(crate) fn is_const(&self) -> bool {
        matches!(self, Outcome::Client | Outcome::Nowhere)
    }

    /// The value for the twin.
    pub(crate) fn for_twin(&self, value: TokenStream, client: &Client) -> TokenStream {
        let Client { krate, span, .. } = client;
        let inner = |inner: &Outcome| inner.for_twin(quote_spanned!(*span=> __value), client);
        match self {
            Outcome::Nowhere => value,
            Outcome::Client => quote_spanned!(*span=> Self(#value)),
            Outcome::InOption(found) => {
                let inner = inner(found);
                quote_spanned! {*span=>
                    match #value {
                        #krate::__private::Some(__value) => #krate::__private::Some(#inner),
                        #krate::__private::None => #krate::__private::None,
                    }
                }
            }
            Outcome::InResult(found) => {
                let inner = inner(found);
                quote_spanned! {*span=>
                    match #value {
                        #krate::__private::Ok(__value) => #krate::__private::Ok(#inner),
                        #krate::__private::Err(__error) => #krate::__private::Err(__error),
                    }
                }
            }
        }
    }
}

type Within = fn(Box<Outcome>) -> Outcome;

/// What an `Option` or a `Result` is of. A `Result` of any crate is one: they are aliases of it.
fn first_argument(ty: &mut Type) -> Option<(Within, &mut Type)> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path.path.segments.last_mut()?;
    let within: Within = match last.ident.to_string().as_str() {
        "Option" => Outcome::InOption,
        "Result" => Outcome::InResult,
        _ => return None,
    };
    let PathArguments::AngleBracketed(arguments) = &mut last.arguments else {
        return None;
    };
    let first = arguments.args.iter_mut().find_map(|argument| match argument {
        GenericArgument::Type(first) => Some(first),
        _ => None,
    });
    first.map(|first| (within, first))
}
