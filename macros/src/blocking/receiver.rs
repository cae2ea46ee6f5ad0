//! The receiver of a method, and the client that the twin lends or gives it.
//!
//! | The client's | The twin's | The client that the method is called on |
//! |---|---|---|
//! | `&self` | `&self` | lent |
//! | `&mut self` | `&mut self` | lent |
//! | `self` | `self` | taken out |
//! | `self: Box<Self>`, `Rc<Self>`, `Arc<Self>` | `self` | taken out, in a new pointer |
//! | `self: Pin<&mut Self>` | `&mut self` | lent, if it is `Unpin` |

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Receiver, Result, Signature, Token, Type, TypeReference, parse_quote_spanned};

use super::client::{Client, is_self};
use super::future;
use crate::valid;

/// How a receiver holds the client.
enum Holds<'a> {
    Client,
    /// A reference, with whether it is mutable.
    Reference(bool),
    /// In a pointer of this type, which owns it.
    Pointer(&'a Type),
    /// Pinned, in a mutable reference.
    Pinned(&'a TypeReference),
}

impl Holds<'_> {
    fn of(receiver: &Receiver) -> Option<Holds<'_>> {
        let ty = &*receiver.ty;
        match ty {
            _ if receiver.reference.is_some() => {
                Some(Holds::Reference(receiver.mutability.is_some()))
            }
            Type::Reference(TypeReference { mutability, elem, .. }) if is_self(elem) => {
                Some(Holds::Reference(mutability.is_some()))
            }
            ty if is_self(ty) => Some(Holds::Client),
            ty if ["Box", "Rc", "Arc"].iter().any(|name| is_pointer_to_self(ty, name)) => {
                Some(Holds::Pointer(ty))
            }
            ty => match future::pointee(ty, "Pin")? {
                Type::Reference(reference)
                    if reference.mutability.is_some() && is_self(&reference.elem) =>
                {
                    Some(Holds::Pinned(reference))
                }
                _ => None,
            },
        }
    }
}

fn is_pointer_to_self(ty: &Type, name: &str) -> bool {
    future::pointee(ty, name).is_some_and(is_self)
}

/// Returns the expression on which the client's method is called, with a comma, or `None` if it has no receiver.
///
/// # Errors
///
/// When the twin has no such receiver.
pub(crate) fn client_of(sig: &Signature, client: &Client) -> Result<Option<TokenStream>> {
    let Some(receiver) = sig.receiver() else {
        return Ok(None);
    };
    let (krate, span, this) = (&client.krate, client.span, &receiver.self_token);
    let held = match Holds::of(receiver) {
        Some(Holds::Client) => client.taken_out_of(this),
        Some(Holds::Reference(false)) => client.lent_by(this),
        Some(Holds::Reference(true)) => client.lent_mutably_by(this),
        Some(Holds::Pointer(ty)) => {
            let mut pointer = ty.clone();
            client.name_in_type(&mut pointer);
            let taken = client.taken_out_of(this);
            quote_spanned!(span=> <#pointer>::new(#taken))
        }
        Some(Holds::Pinned(_)) => {
            let lent = client.lent_mutably_by(this);
            quote_spanned!(span=> #krate::__private::Pin::new(#lent))
        }
        None => return Err(valid::no_twin_of_receiver(&receiver.ty)),
    };
    Ok(Some(quote_spanned!(span=> #held,)))
}

/// Whether the method takes the client out of the twin.
pub(crate) fn takes_client(sig: &Signature) -> bool {
    let held = sig.receiver().and_then(Holds::of);
    matches!(held, Some(Holds::Client | Holds::Pointer(_)))
}

/// Returns the `self` that is a reference, and whether it is a mutable one.
pub(crate) fn reference(sig: &Signature) -> Option<(Token![self], bool)> {
    let receiver = sig.receiver()?;
    match Holds::of(receiver)? {
        Holds::Reference(mutability) => Some((receiver.self_token, mutability)),
        _ => None,
    }
}

/// Makes the receiver of a client's method that of the twin's.
pub(crate) fn for_twin(sig: &mut Signature) {
    let Some(receiver) = sig.receiver() else { return };
    let span = receiver.self_token.span;
    let twins = match Holds::of(receiver) {
        Some(Holds::Pointer(_)) => parse_quote_spanned!(span=> self),
        Some(Holds::Pinned(TypeReference { lifetime, .. })) => {
            parse_quote_spanned!(span=> &#lifetime mut self)
        }
        _ => return,
    };
    sig.inputs[0] = twins;
}
